import Testing

@testable import TraceReading

@Suite("Formats that were parsed before") struct FormatMemoTests {
  private static func text(_ name: String, system: String = "rmap", at offset: UInt64 = 0, size: Int = 0) -> FormatText
  {
    let padding = String(repeating: " ", count: size)
    return FormatText(system: system, bytes: Array("name: \(name)\(padding)\n".utf8), offset: offset)
  }

  /// Asks for the format of each text; returns which of them were parsed, by their offsets.
  private static func parsed(
    _ texts: [FormatText], longSize: Int = 8, _ memo: inout FormatMemo
  ) throws -> [UInt64] {
    var parsed: [UInt64] = []
    for text in texts {
      let format = try memo.format(of: text, longSize: longSize) { () throws(TraceReadingError) in
        parsed.append(text.offset)
        return EventFormat(id: 1, system: text.system, name: text.name, fields: [])
      }
      #expect(format.system == text.system)
      #expect(format.name == text.name)
    }
    return parsed
  }

  @Test("A text is parsed once, wherever it stands in its file") func oneText() throws {
    var memo = FormatMemo()
    let texts = [Self.text("a", at: 1), Self.text("b", at: 2), Self.text("a", at: 3), Self.text("b", at: 4)]
    #expect(try Self.parsed(texts, &memo) == [1, 2])
  }

  @Test("The same bytes of another group, or of a kernel with another long, are another format") func otherKeys() throws
  {
    var memo = FormatMemo()
    #expect(try Self.parsed([Self.text("a", at: 1), Self.text("a", system: "rmap2", at: 2)], &memo) == [1, 2])
    #expect(try Self.parsed([Self.text("a", at: 3)], longSize: 4, &memo) == [3])
    #expect(try Self.parsed([Self.text("a", at: 4)], longSize: 4, &memo) == [])
  }

  @Test("What can't be parsed fails each time, with its own place") func failures() {
    var memo = FormatMemo()
    for offset: UInt64 in [5, 9] {
      #expect(throws: TraceReadingError(.eventFormat, "no", at: offset)) {
        try memo.format(of: Self.text("a", at: offset), longSize: 8) { () throws(TraceReadingError) in
          throw TraceReadingError(.eventFormat, "no", at: offset)
        }
      }
    }
    #expect(memo.size == 0)
  }

  @Test("It does not grow without bound") func bound() throws {
    var memo = FormatMemo()
    let half = FormatMemo.sizeMax / 2
    let texts = (0..<5).map { Self.text("large\($0)", at: UInt64($0), size: half) }
    for text in texts {
      #expect(try Self.parsed([text], &memo) == [text.offset])
      #expect(memo.size <= FormatMemo.sizeMax)
    }
    #expect(try Self.parsed([texts[4]], &memo) == [], "the last one is kept")
  }

  /// A text as the kernel writes it, with one field of its own.
  private static func kernelText(_ name: String, id: Int, at offset: UInt64) -> FormatText {
    let lines = """
      name: \(name)
      ID: \(id)
      format:
      \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
      \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

      \tfield:u64 of_\(name);\toffset:8;\tsize:8;\tsigned:0;

      print fmt: "%llx", REC->of_\(name)

      """
    return FormatText(system: "rmap", bytes: Array(lines.utf8), offset: offset)
  }

  @Test("A second recording's formats are those of the first one") func twoRecordings() throws {
    func texts(at offset: UInt64) -> [FormatText] {
      [Self.kernelText("memo_one", id: 901, at: offset), Self.kernelText("memo_two", id: 902, at: offset + 1)]
    }
    let first = try EventFormatParser.parse(texts(at: 10), longSize: 8)
    let second = try EventFormatParser.parse(texts(at: 20).reversed(), longSize: 8)
    #expect(first.all.map(\.name) == ["memo_one", "memo_two"])
    #expect(second.all == first.all.reversed())
    #expect(second[901]?.field("of_memo_one")?.offset == 8)
  }

  @Test("Two events with one number are found in a recording whose texts are known, at its own place")
  func twinsThatAreKnown() throws {
    _ = try EventFormatParser.parse([Self.kernelText("memo_a", id: 903, at: 1)], longSize: 8)
    _ = try EventFormatParser.parse([Self.kernelText("memo_b", id: 903, at: 2)], longSize: 8)
    let twins = [Self.kernelText("memo_a", id: 903, at: 30), Self.kernelText("memo_b", id: 903, at: 40)]
    #expect(throws: TraceReadingError(.damaged, "two event formats have the number 903", at: 40)) {
      try EventFormatParser.parse(twins, longSize: 8)
    }
  }

  @Test("Many threads ask at once") func threads() async throws {
    try await withThrowingTaskGroup(of: [EventFormat].self) { group in
      for _ in 0..<8 {
        group.addTask {
          let texts = (0..<20).map { Self.kernelText("memo_thread\($0)", id: 910 + $0, at: 0) }
          return try EventFormatParser.parse(texts, longSize: 8).all
        }
      }
      for try await formats in group { #expect(formats.map(\.id) == (910..<930).map { UInt16($0) }) }
    }
  }
}
