//! `rosey graph`: deterministic and well formed, without overlapping boxes.

use insta::assert_snapshot;
use rosey::render::graph::{Notation, entities, order};

use super::{bot, declared, nasty, tags, without_style};
use crate::support::Database;

#[test]
fn the_bots_tables() {
    let (declared, plan) = bot();
    let svg = entities(&declared.schema, Some(&plan), Notation::Svg);
    tags::check(&svg);
    assert_snapshot!("bot_svg", without_style(&svg));
    assert_snapshot!("bot_mermaid", entities(&declared.schema, Some(&plan), Notation::Mermaid));
    assert_snapshot!("bot_dot", entities(&declared.schema, Some(&plan), Notation::Dot));
}

#[test]
fn names_stay_in_their_places() {
    let (declared, plan) = nasty();
    let svg = entities(&declared.schema, Some(&plan), Notation::Svg);
    tags::check(&svg);
    assert_snapshot!("nasty_svg", without_style(&svg));
    assert_snapshot!("nasty_mermaid", entities(&declared.schema, Some(&plan), Notation::Mermaid));
    assert_snapshot!("nasty_dot", entities(&declared.schema, Some(&plan), Notation::Dot));
}

#[test]
fn the_order_of_steps() {
    let (_, plan) = nasty();
    let svg = order(&plan, Notation::Svg);
    tags::check(&svg);
    assert_snapshot!("order_svg", without_style(&svg));
    assert_snapshot!("order_mermaid", order(&plan, Notation::Mermaid));
    assert_snapshot!("order_dot", order(&plan, Notation::Dot));
}

#[test]
fn nothing_is_a_picture_too() {
    let declared = declared("table a { column id integer primary-key }");
    let plan = declared.plan(&Database::from_sql("CREATE TABLE a (id INTEGER PRIMARY KEY)"));
    for notation in [Notation::Svg, Notation::Mermaid, Notation::Dot] {
        assert!(order(&plan, notation).contains("nothing to do"));
    }
    tags::check(&entities(&Default::default(), None, Notation::Svg));
    assert_eq!(entities(&Default::default(), None, Notation::Mermaid), "erDiagram\n");
}

/// Programs without support for stylesheets, or for variables in them, draw what the attributes say.
#[test]
fn colours_are_attributes() {
    let (declared, plan) = nasty();
    for svg in [entities(&declared.schema, Some(&plan), Notation::Svg), order(&plan, Notation::Svg)] {
        assert!(!svg.contains("var("), "{svg}");
        let shapes = without_style(&svg);
        for shape in ["<rect ", "<path ", "<circle "].iter().flat_map(|s| shapes.split(s).skip(1)) {
            let tag = shape.split_once('>').unwrap().0;
            assert!(tag.contains(" fill=\"") || tag.contains(" stroke=\""), "{tag}");
        }
        assert!(svg.lines().next().unwrap().contains(" fill=\"#1b2129\""), "{svg}");
    }
}

/// Returns sixty tables, most of which reference each other, with cycles.
fn many() -> String {
    let mut text = String::new();
    for i in 0..60_u32 {
        text.push_str(&format!("table t{i} {{\n    column id integer primary-key\n"));
        (0..i % 9).for_each(|c| text.push_str(&format!("    column a_column_{c} text\n")));
        // A varying number of references to other tables.
        for k in 0..(i * 7) % 4 {
            text.push_str(&format!("    column r{k} integer references=\"t{}(id)\"\n", (i * 31 + k * 17) % 50));
        }
        text.push_str("}\n");
    }
    text
}

/// Returns x, y, width and height of the box of every table.
fn boxes(svg: &str) -> Vec<[f64; 4]> {
    let number = |text: &str, key: &str| {
        let after = text.split_once(key).unwrap().1;
        after.split(['"', ' ', ')']).next().unwrap().parse::<f64>().unwrap()
    };
    let tables = svg.split("<g class=\"table").skip(1);
    tables
        .map(|t| {
            let at = t.split_once("translate(").unwrap().1;
            let (x, y) = at.split_once(')').unwrap().0.split_once(' ').unwrap();
            [x.parse().unwrap(), y.parse().unwrap(), number(t, "width=\""), number(t, "height=\"")]
        })
        .collect()
}

#[test]
fn sixty_tables_stand_apart_and_inside_the_picture() {
    let declared = declared(&many());
    let svg = entities(&declared.schema, None, Notation::Svg);
    assert_eq!(svg, entities(&declared.schema, None, Notation::Svg));
    tags::check(&svg);
    let boxes = boxes(&svg);
    assert_eq!(boxes.len(), 60);
    for (i, a) in boxes.iter().enumerate() {
        for b in &boxes[..i] {
            let apart = a[0] + a[2] <= b[0] || b[0] + b[2] <= a[0] || a[1] + a[3] <= b[1] || b[1] + b[3] <= a[1];
            assert!(apart, "{a:?} {b:?}");
        }
    }
    let size = |key: &str| svg.split_once(key).unwrap().1.split('"').next().unwrap().parse::<f64>().unwrap();
    let (width, height) = (size(" width=\""), size(" height=\""));
    assert!(boxes.iter().all(|b| b[0] >= 0.0 && b[1] >= 0.0 && b[0] + b[2] <= width && b[1] + b[3] <= height));
    assert!(width / height > 0.4 && width / height < 3.0, "{width} × {height}");
}
