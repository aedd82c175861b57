//! Reads files that may come from untrusted sources: regular files only, and only up to a limit. It opens no
//! pipe, device or system file, and says what such a path is.

use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};

/// The limit for all files of a schema together, in bytes.
pub const SCHEMA: u64 = 16 << 20;

/// The limit for a configuration file, in bytes.
pub const CONFIGURATION: u64 = 1 << 20;

/// The limit for a saved plan, a state or an SQL file, in bytes.
pub const LARGE: u64 = 256 << 20;

/// Reads a regular file of at most `most` bytes.
///
/// # Errors
/// If reading fails; [`ErrorKind::InvalidInput`] if it is not a regular file, [`ErrorKind::FileTooLarge`] if
/// it is longer.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    let refused = |what: &str| Error::new(ErrorKind::InvalidInput, format!("it is {what}, not a regular file"));
    // Check before opening: opening a pipe waits for its writer.
    if let Some(what) = is_special(path)? {
        return Err(refused(what));
    }
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(refused("another kind of file now"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is larger than {}", size(most))));
    }
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

/// Writes a file atomically: afterwards it has either the new text or the old one. Files next to it are left
/// alone: a link might lead anywhere.
///
/// # Errors
/// If writing fails; no temporary file is left behind.
pub fn write_whole(path: &Path, text: &str) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(name);
    let mut file = File::options().write(true).create_new(true).open(&beside)?;
    let mode = std::fs::metadata(path).map(|m| m.permissions());
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let kept = mode.map_or(Ok(()), |m| std::fs::set_permissions(&beside, m));
    let done = written.and(kept).and_then(|()| std::fs::rename(&beside, path));
    if done.is_err() {
        std::fs::remove_file(&beside).ok();
    }
    done
}

/// Returns what a path is, if it is not a regular file.
fn is_special(path: &Path) -> Result<Option<&'static str>> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_dir() {
        return Ok(Some("a folder"));
    }
    if !kind.is_file() {
        return Ok(Some("a pipe, device or socket"));
    }
    // The kernel generates these files; they reveal data of the machine and its processes.
    let real = path.canonicalize()?;
    Ok(["/proc", "/sys"].iter().any(|root| real.starts_with(root)).then_some("a file in /proc or /sys"))
}

/// Formats a number of bytes for display.
pub fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} bytes") }
}

/// Returns whether a path leaves the project through a link, or through a path given in one of its files. The
/// project is the repository that contains `home`, or else `home` itself.
///
/// # Errors
/// If one of the two cannot be resolved.
pub fn leads_out(path: &Path, home: &Path) -> Result<bool> {
    let home = home.canonicalize()?;
    let root = home.ancestors().find(|folder| folder.join(".git").exists()).map_or(home.clone(), Path::to_path_buf);
    Ok(!path.canonicalize()?.starts_with(root))
}

/// Returns the folder of a path as given, without following links.
pub fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_bearable_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_text(&file, 5).unwrap(), "12345");
        assert_eq!(read_text(&file, 4).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_text(folder.path(), 4).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(read_text(Path::new("/dev/zero"), 4).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
        assert_eq!(read_text(&folder.path().join("pipe"), 4).unwrap_err().kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn a_link_within_the_repository_does_not_lead_out() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("one");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(folder.path().join("shared"), "x").unwrap();
        let link = inner.join("link");
        std::os::unix::fs::symlink("../shared", &link).unwrap();
        assert!(leads_out(&link, &inner).unwrap());
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        assert!(!leads_out(&link, &inner).unwrap());
        assert!(leads_out(Path::new("/etc/passwd"), &inner).unwrap());
    }
}
