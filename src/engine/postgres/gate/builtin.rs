//! The built-in functions that may run on values of variable length: an allow list, with what each does to the
//! size of a value. The server interrupts a statement only between two calls, so a function is on the list only
//! if its time is proportional to its arguments, or if [`sizes`](super::sizes) limits it.
//! Functions over [types whose values do not grow](FIXED) need no entry.

/// Objects with this OID or a higher one were created by users or extensions.
pub(super) const FIRST_OF_USERS: u32 = 16_384;

/// The type of text search configurations, `regconfig`: every call that needs a configuration contains a
/// constant of this type.
pub(super) const CONFIGURATION: u32 = 3734;

/// Types whose values do not grow: numbers, times, booleans, addresses, simple shapes, ranges of these.
pub(super) const FIXED: [u32; 36] = [
    16, 18, 19, 20, 21, 23, 26, 27, 28, 29, 600, 601, 603, 628, 650, 700, 701, 718, 774, 790, 829, 869, 1082, 1083, 1114, 1184, 1186, 1266,
    2950, 3220, 3904, 3908, 3910, 3912, 3926, 5069,
];

/// Returns whether values of a type do not grow.
pub(super) fn is_fixed(ty: u32) -> bool {
    FIXED.contains(&ty)
}

/// What a function does to the size of a value, and how its time grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// Its result is at most as long as its arguments together, and its time is proportional to them.
    Linear,
    /// Its result is at most this many times as long as its arguments.
    Times(u64),
    /// It repeats a value as often as specified by its second argument.
    Repeats,
    /// It pads a value to the length in its second argument.
    Fills,
    /// It replaces parts of the first argument by the third.
    Replaces,
    /// It inserts its second argument between the parts of the first, and the third in place of NULLs.
    Joins,
    /// It inserts its first argument between all others.
    JoinsAll,
    /// Its second argument is a template for a number or time, from whose parts it creates a list.
    Pictures,
    /// It returns a part for each group of a pattern.
    Captures,
    /// It works on the characters of its arguments, each of several bytes.
    Wide,
    /// It indents the parts of a value by their depth.
    Pretty,
    /// It returns a `numeric` with as many digits as specified by its second argument.
    Rounds,
    /// Its first argument is a format that may contain widths.
    Formats,
    /// It creates many small values from one.
    Splits,
    /// It compares its second argument with the first at each position, and the server cannot interrupt it.
    Searches,
    /// Its time is the square of its arguments' length, and the server cannot interrupt it.
    Squares,
    /// It creates a long number from short ones, if its result is `numeric`.
    Raises,
    /// Its time is proportional to the product of the lengths of two numbers, if its result is `numeric`.
    Multiplies,
    /// An aggregate that keeps all its input values.
    Gathers,
}

/// Returns what a function does, if it is on the list.
pub(super) fn growth(name: &str) -> Option<Growth> {
    let is_in = |names: &str| names.split_ascii_whitespace().any(|n| n == name);
    let special = SPECIAL.iter().find(|(_, names)| is_in(names)).map(|(growth, _)| *growth);
    special.or_else(|| LINEAR.iter().any(|names| is_in(names)).then_some(Growth::Linear))
}

/// Functions that make values longer, or whose time is not proportional to them.
const SPECIAL: [(Growth, &str); 20] = [
    (Growth::Repeats, "repeat"),
    (Growth::Fills, "bit bpchar lpad rpad"),
    (Growth::Replaces, "array_replace regexp_replace replace"),
    (Growth::Joins, "array_to_string"),
    (Growth::Formats, "format"),
    (Growth::Splits, "regexp_split_to_array regexp_split_to_table string_to_array string_to_table tsvector_to_array unnest"),
    (
        Growth::Searches,
        "arraycontained arraycontains arrayoverlap bpchariclike bpcharicnlike bpcharlike bpcharnlike btrim \
         bytealike byteanlike jsonb_contained jsonb_contains jsonb_delete jsonb_delete_path jsonb_exists_all \
         jsonb_exists_any like ltrim nameiclike nameicnlike namelike namenlike notlike position rtrim split_part \
         strpos texticlike texticnlike textlike textnlike translate",
    ),
    (Growth::Squares, "is_normalized normalize parse_ident"),
    (Growth::Raises, "exp factorial numeric_exp numeric_fac numeric_power pow power"),
    (
        Growth::Multiplies,
        "div ln log log10 mod numeric_div numeric_div_trunc numeric_ln numeric_log numeric_mod numeric_mul \
         numeric_sqrt sqrt",
    ),
    (
        Growth::Times(4),
        "byteaout cash_words convert convert_from convert_to encode quote_ident quote_literal quote_nullable \
         similar_escape similar_to_escape",
    ),
    (
        Growth::Times(6),
        "array_to_json json_build_array json_build_object json_object jsonb_build_array jsonb_build_object \
         jsonb_object row_to_json to_json to_jsonb",
    ),
    (Growth::Times(8), "array_to_tsvector json_to_tsvector jsonb_to_tsvector to_tsvector"),
    (
        Growth::Gathers,
        "array_agg json_agg json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique \
         json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict \
         jsonb_object_agg_unique jsonb_object_agg_unique_strict range_agg range_intersect_agg string_agg",
    ),
    (
        Growth::Wide,
        "bpcharicregexeq bpcharicregexne bpcharregexeq bpcharregexne casefold initcap lower nameicregexeq \
         nameicregexne nameregexeq nameregexne regexp_count regexp_instr regexp_like regexp_substr texticregexeq \
         texticregexne textregexeq textregexne upper",
    ),
    (Growth::Captures, "regexp_match regexp_matches"),
    (Growth::Pictures, "to_char to_date to_number to_timestamp"),
    (Growth::JoinsAll, "concat_ws"),
    (Growth::Pretty, "jsonb_pretty"),
    (Growth::Rounds, "numeric round trunc"),
];

/// Functions whose results do not grow, by subject.
const LINEAR: [&str; 9] = [
    // Text.
    "anytextcat ascii bpchar_larger bpchar_pattern_ge bpchar_pattern_gt bpchar_pattern_le bpchar_pattern_lt \
     bpchar_smaller bpcharcmp bpchareq bpcharge bpchargt bpcharle bpcharlt bpcharne char char_length \
     character_length chr concat left length like_escape md5 name nameconcatoid nameeqtext namegetext namegttext \
     nameletext namelttext namenetext octet_length overlay reverse right starts_with substr substring text \
     text_ge text_gt text_larger text_le text_lt text_pattern_ge text_pattern_gt text_pattern_le text_pattern_lt \
     text_smaller textanycat textcat texteq texteqname textgename textgtname textlen textlename textltname textne \
     textnename to_ascii to_bin to_hex to_oct unistr varchar",
    // Bytes and bits.
    "bit_count bit_length bitand bitcat bitcmp biteq bitge bitgt bitle bitlt bitne bitnot bitor bitshiftleft \
     bitshiftright bitxor bytea bytea_larger bytea_smaller byteacat byteacmp byteaeq byteage byteagt byteale \
     bytealt byteane crc32 crc32c decode get_bit get_byte set_bit set_byte sha224 sha256 sha384 sha512 varbit \
     varbitcmp varbiteq varbitge varbitgt varbitle varbitlt varbitne",
    // Numbers, and computations with them and with times.
    "abs bool ceil ceiling date_part date_trunc extract float4 float8 floor in_range int2 int4 int8 min_scale \
     money numeric_abs numeric_add numeric_cmp numeric_eq numeric_ge numeric_gt numeric_inc numeric_larger \
     numeric_le numeric_lt numeric_ne numeric_pl_pg_lsn numeric_smaller numeric_sub numeric_uminus numeric_uplus \
     pg_lsn random_normal scale sign timezone trim_scale width_bucket",
    // Arrays.
    "array_append array_cat array_dims array_eq array_ge array_gt array_larger array_le array_length array_lower \
     array_lt array_ndims array_ne array_position array_positions array_prepend array_remove array_reverse \
     array_smaller array_sort array_subscript_handler array_upper btarraycmp cardinality generate_subscripts \
     raw_array_subscript_handler trim_array",
    // JSON.
    "json_array_element json_array_element_text json_array_elements json_array_elements_text json_array_length \
     json_each json_each_text json_extract_path json_extract_path_text json_object_field json_object_field_text \
     json_object_keys json_strip_nulls json_typeof jsonb_array_element jsonb_array_element_text \
     jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_cmp jsonb_concat jsonb_each \
     jsonb_each_text jsonb_eq jsonb_exists jsonb_extract_path jsonb_extract_path_text jsonb_ge jsonb_gt \
     jsonb_insert jsonb_le jsonb_lt jsonb_ne jsonb_object_field jsonb_object_field_text jsonb_object_keys \
     jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_subscript_handler jsonb_typeof",
    // Ranges and multiranges.
    "datemultirange elem_contained_by_multirange elem_contained_by_range int4multirange int8multirange isempty \
     lower_inc lower_inf multirange multirange_cmp multirange_contains_elem multirange_contains_multirange \
     multirange_contains_range multirange_eq multirange_ge multirange_gt multirange_intersect multirange_le \
     multirange_lt multirange_minus multirange_ne multirange_overlaps_multirange multirange_overlaps_range \
     multirange_union nummultirange numrange range_adjacent range_after range_before range_cmp range_contained_by \
     range_contains range_contains_elem range_contains_multirange range_eq range_ge range_gt range_intersect \
     range_le range_lt range_merge range_minus range_ne range_overlaps range_overlaps_multirange range_overleft \
     range_overright range_union tsmultirange tstzmultirange upper_inc upper_inf",
    // Text search, without ranking and headlines.
    "numnode phraseto_tsquery plainto_tsquery querytree setweight strip to_tsquery ts_delete ts_filter \
     ts_match_qv ts_match_vq tsquery_and tsquery_cmp tsquery_eq tsquery_ge tsquery_gt tsquery_le tsquery_lt \
     tsquery_ne tsquery_not tsquery_or tsquery_phrase tsvector_cmp tsvector_concat tsvector_eq tsvector_ge \
     tsvector_gt tsvector_le tsvector_lt tsvector_ne websearch_to_tsquery",
    // Addresses, enums, identifiers and other small values.
    "abbrev enum_cmp enum_eq enum_first enum_ge enum_gt enum_larger enum_last enum_le enum_lt enum_ne enum_range \
     enum_smaller host num_nonnulls num_nulls oidvectoreq oidvectorne xideq xidneq xml xmlcomment",
    // Aggregates and window functions that keep only one value, or whose memory the server limits.
    "any_value avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp cume_dist dense_rank \
     every first_value lag last_value lead max min mode nth_value ntile percent_rank percentile_cont \
     percentile_disc rank regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy \
     regr_syy row_number stddev stddev_pop stddev_samp sum var_pop var_samp variance",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_function_is_listed_once() {
        let lists = SPECIAL.iter().map(|(_, names)| *names).chain(LINEAR);
        let mut seen = BTreeSet::new();
        let twice: Vec<&str> = lists.flat_map(str::split_ascii_whitespace).filter(|n| !seen.insert(*n)).collect();
        assert_eq!(twice, Vec::<&str>::new());
        assert!(FIXED.is_sorted());
    }

    #[test]
    fn what_the_server_cannot_interrupt_is_not_listed() {
        for name in [
            "xpath",
            "xmlexists",
            "jsonb_path_query",
            "ts_rank",
            "ts_headline",
            "path_distance",
            "poly_distance",
            "generate_series",
            "pg_sleep",
        ] {
            assert_eq!(growth(name), None, "{name}");
        }
        assert_eq!((growth("length"), growth("repeat")), (Some(Growth::Linear), Some(Growth::Repeats)));
    }
}
