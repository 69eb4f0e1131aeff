import ArgumentParser
import Glibc

/// Graphviz' `dot`, where it is installed.
enum Graphviz {
  /// Why there is no drawing.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// What `dot -Tsvg` makes of a graph.
  static func svg(_ dot: String) throws -> String {
    let (input, output) = (try temporaryFile(), try temporaryFile())
    defer { close(input); close(output) }
    if let number = writeAll(dot, to: input) { throw LostOutput("a temporary file", number) }
    lseek(input, 0, SEEK_SET)
    let status = try run(["dot", "-Tsvg"], input, output)
    guard status == 0 else { throw Failure(description: "dot could not draw the graph (status \(status))") }
    lseek(output, 0, SEEK_SET)
    return try text(output)
  }

  private static func run(_ command: [String], _ input: CInt, _ output: CInt) throws -> CInt {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child = pid_t()
    let code = posix_spawnp(&child, command[0], &actions, nil, arguments, environ)
    guard code == 0 else {
      throw Failure(
        description: "--format svg needs Graphviz' dot (apt install graphviz): \(String(cString: strerror(code)));"
          + " text, dot and json need nothing")
    }
    var status: CInt = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    return status
  }

  /// A file without a name.
  private static func temporaryFile() throws -> CInt {
    guard let file = tmpfile() else { throw LostOutput("a temporary file", errno) }
    defer { fclose(file) }
    return fcntl(fileno(file), F_DUPFD_CLOEXEC, 3)
  }

  private static func text(_ descriptor: CInt) throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }
}
