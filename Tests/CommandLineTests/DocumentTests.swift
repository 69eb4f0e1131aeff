import Foundation
import TestSupport
import Testing

/// Goal: what the documents tell a reader to type is what the programs take. Method: every command in the code of a
/// document, against the program's own description of its commands, and against the scripts.
@Suite struct DocumentTests {
  private static let articles = "Sources/rmapcheck/RmapCheck.docc"
  private static let documents: [String] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(repository)/\(articles)")) ?? []
    return ["README.md", "CONTRIBUTING.md", "scripts/faults/README.md", "scripts/packaging/rmapcheck.mdoc"]
      + names.filter { $0.hasSuffix(".md") }.sorted().map { "\(articles)/\($0)" }
  }()

  @Test func theirCommandsAreTaken() throws {
    let commands = try CommandTable()
    var names: [String: Int] = [:]
    for document in Self.documents {
      for words in try CodeLines(of: document).commands(of: "rmapcheck") {
        let (name, wrong) = commands.judge(words)
        names[name, default: 0] += 1
        #expect(wrong.isEmpty, "\(document): rmapcheck \(words.joined(separator: " ")): \(wrong)")
      }
    }
    // All of them were read, or this shows nothing.
    for name in ["check", "compare", "store add", "store report", "store export", "doctor", "record", "show", "reduce"]
    {
      #expect(names[name, default: 0] > 0, "\(name)")
    }
    #expect(names.values.reduce(0, +) > 80, "\(names)")
  }

  @Test func theirScriptsAreThere() throws {
    var count = 0
    for document in Self.documents {
      for words in try CodeLines(of: document).scripts() {
        // The kernel's own.
        if words[0] == "scripts/extract-vmlinux" { continue }
        count += 1
        let path = "\(repository)/\(words[0])"
        guard FileManager.default.fileExists(atPath: path) else {
          Issue.record("\(document): there is no \(words[0])")
          continue
        }
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        // Some hand their arguments on.
        let passed = text.contains("record-vm") ? try Self.script("record-vm") : ""
        for word in words.dropFirst() where word.hasPrefix("--") && word.count > 2 {
          let option = word.prefix { $0 != "=" }
          let isKnown = (text + passed + (try Self.program(of: words))).contains(option)
          #expect(isKnown, "\(document): \(words.joined(separator: " "))")
        }
      }
    }
    #expect(count > 60, "\(count)")
  }

  private static func script(_ name: String) throws -> String {
    try String(contentsOfFile: "\(repository)/scripts/\(name)", encoding: .utf8)
  }

  /// The options of `scripts/experiment NAME` are those of a program.
  private static func program(of words: [String]) throws -> String {
    guard words[0] == "scripts/experiment", words.count > 1 else { return "" }
    let folder = "\(repository)/Tests/experiment"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
    let texts = try files.map { try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
    let text = try #require(texts.first { $0.contains("commandName: \"\(words[1])\"") }, "\(words)")
    return text.matches(of: /var ([a-z]+)/).map { "--\($0.1)" }.joined(separator: " ")
  }
}

/// The code in a document: fenced and indented lines, and what stands between backquotes.
private struct CodeLines {
  private var lines: [String] = []

  init(of document: String) throws {
    let text = try String(contentsOfFile: "\(repository)/\(document)", encoding: .utf8)
      .replacing("\\\n", with: " ")
    var isFenced = false
    for line in text.split(separator: "\n") {
      if line.hasPrefix("```") {
        isFenced.toggle()
      } else if isFenced || line.hasPrefix("    ") {
        lines.append(String(line))
      } else {
        lines += line.matches(of: /`([^`]+)`/).map { String($0.1) }
      }
    }
  }

  /// The arguments of each call of a program.
  func commands(of program: String) -> [[String]] {
    simple.compactMap { words in
      guard let place = words.firstIndex(where: { $0 == program || $0.hasSuffix("/\(program)") }) else { return nil }
      let arguments = Array(words[(place + 1)...])
      // `rmapcheck 0.1.0` is what it says of itself; `rmapcheck NAME` what any command may be.
      guard let first = arguments.first?.first, first.isLowercase || first == "-" else { return nil }
      return arguments
    }
  }

  /// Each call of a script, with its arguments.
  func scripts() -> [[String]] {
    simple.compactMap { words in
      guard let place = words.firstIndex(where: { $0.wholeMatch(of: /scripts\/[a-z][a-z\/-]*/) != nil }) else {
        return nil
      }
      return Array(words[place...].prefix { $0 != "--" })
    }
  }

  /// The words of every simple command, up to its redirections, without quotes and comments.
  private var simple: [[String]] {
    // Two spaces after the name: a table of what there is.
    lines.filter { $0.firstMatch(of: #/^ *rmapcheck  /#) == nil }.flatMap { line -> [[String]] in
      let code = line.split(separator: #/\s#\s/#).first.map(String.init) ?? ""
      return code.split(separator: /\||&&|;|\$\(|[()]/).map { part in
        part.split(separator: " ").map { word in
          word.trimmingCharacters(in: CharacterSet(charactersIn: "'\"`,:[]")).replacing("ExecStart=", with: "")
        }.filter { !$0.isEmpty }.prefix { $0.first != ">" && $0.first != "<" && !$0.hasPrefix("2>") }
      }.map(Array.init)
    }
  }
}

/// What the program says of its commands.
private struct CommandTable {
  private let root: [String: Any]

  init() throws {
    let run = try Executable()
    defer { run.remove() }
    root = try #require(try json(run.shell("$R --experimental-dump-help").output)["command"] as? [String: Any])
  }

  /// The command's name, and what it would not take.
  func judge(_ words: [String]) -> (name: String, wrong: String) {
    var (command, path, rest) = (root, [String](), words[...])
    while let subcommands = command["subcommands"] as? [[String: Any]], let word = rest.first, !word.hasPrefix("-") {
      guard let next = subcommands.first(where: { $0["commandName"] as? String == word }) else {
        return (path.joined(separator: " "), "there is no command \(word)")
      }
      command = next
      path.append(word)
      rest = rest.dropFirst()
    }
    let arguments = (command["arguments"] as? [[String: Any]]) ?? []
    for (place, word) in zip(rest.indices, rest) where word.hasPrefix("-") && word != "-" {
      if word == "--" { break }
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      guard let argument = arguments.first(where: { names($0).contains(parts[0]) }) else {
        return (path.joined(separator: " "), "there is no option \(word)")
      }
      let value = parts.count > 1 ? parts[1] : rest.dropFirst(place - rest.startIndex + 1).first
      if let allowed = argument["allValues"] as? [String], argument["kind"] as? String == "option", let value {
        // FORM and form|form stand for one of several.
        let isName = value.wholeMatch(of: /[a-z]+/) != nil
        if isName, !allowed.contains(value) {
          return (path.joined(separator: " "), "\(parts[0]) does not take \(value)")
        }
      }
    }
    return (path.joined(separator: " "), "")
  }

  private func names(_ argument: [String: Any]) -> [String] {
    ((argument["names"] as? [[String: Any]]) ?? []).compactMap { entry in
      (entry["name"] as? String).map { (entry["kind"] as? String == "long" ? "--" : "-") + $0 }
    }
  }
}
