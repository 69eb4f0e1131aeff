import FoundationEssentials
import Glibc
import RecordingFormat
import Reports

/// `--report FORM=FILE`: what to write, and where.
struct ReportRequest {
  let form: ReportFormat
  let path: String

  /// - Returns: nil if the text is not `FORM=FILE`.
  init?(_ text: String) {
    guard let equals = text.firstIndex(of: "="), let form = ReportFormat(rawValue: String(text[..<equals])) else {
      return nil
    }
    self.form = form
    path = String(text[text.index(after: equals)...])
    // Standard output is --format's.
    if path.isEmpty || path == "-" { return nil }
  }
}

/// A report that is there whole or not at all: it is written under another name in the same folder and, when all of it
/// is on the disk, renamed. A report that was there before stays until then, and is replaced.
///
/// What is no regular file, such as `/dev/null` or a pipe, is written to as it is.
struct ReportFile {
  private let path: String
  private let temporary: String?
  private let descriptor: CInt

  /// Makes the file, under its temporary name: what can't be written is known before anything is checked.
  init(path name: String) throws(LostOutput) {
    if isSpecialFile(name) {
      path = name
      temporary = nil
      descriptor = open(name, O_WRONLY | O_CLOEXEC)
      if descriptor < 0 { throw LostOutput(name, errno) }
      return
    }
    // A link stays one: the file that it leads to is replaced.
    path = Self.target(of: name)
    let (folder, name) = Self.split(path)
    let working = "\(folder).\(name).\(getpid()).part"
    unlink(working)
    temporary = working
    descriptor = open(working, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw LostOutput(path, errno) }
  }

  /// Writes the report and gives it its name.
  func finish(_ text: String) throws(LostOutput) {
    guard let temporary else {
      if let number = writeAll(text, to: descriptor) { throw LostOutput(path, number) }
      close(descriptor)
      return
    }
    do throws(LostOutput) {
      if let number = writeAll(text, to: descriptor) { throw LostOutput(path, number) }
      guard fsync(descriptor) == 0 else { throw LostOutput(path, errno) }
      guard close(descriptor) == 0 else { throw LostOutput(path, errno) }
      guard rename(temporary, path) == 0 else { throw LostOutput(path, errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    // The name, too, is to outlive a power cut; where a folder can't be synced, the file is there all the same.
    let folder = open(Self.split(path).folder + ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folder >= 0 {
      fsync(folder)
      close(folder)
    }
  }

  /// Removes what was begun.
  func discard() {
    if let temporary { unlink(temporary) }
  }

  /// The file that a name stands for, at the end of all links.
  static func target(of path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return ("", path) }
    return (String(path[...slash]), String(path[path.index(after: slash)...]))
  }
}
