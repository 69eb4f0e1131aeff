import ArgumentParser
import Checking
import RecordingFormat
import Timeline

/// `show --format perfetto`: the whole recording.
extension ShowCommand {
  /// Writes it while it is read: it may be longer than memory.
  func writeTimeline(to output: String) throws {
    let file = try OutputFile(output)
    let result = Timeline.write(path: try theRecording(), emit: file.write)
    if result.records > 0 { try file.finish() } else { file.discard() }
    if let damage = result.damage {
      complain("\(result.path): \(damage)")
      throw ExitCode((result.isMissing ? Verdict.missing : .damaged).exitStatus)
    }
    guard result.records > 0 else {
      complain("\(result.path): it has no records")
      throw ExitCode(Verdict.undecided.exitStatus)
    }
  }
}
