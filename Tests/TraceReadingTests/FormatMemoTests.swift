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
}
