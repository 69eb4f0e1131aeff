/// A workload as lines of text, a step a line: what `--shrink` writes and `--steps` reads.
///
/// Numbers of VMAs, mms and pages are the workload's; places are page numbers in hexadecimal.
extension Workload {
  /// What no line of a workload can be.
  public struct TextError: Error, CustomStringConvertible, Equatable {
    /// The line, from 1; 0 for the file.
    public let line: Int
    /// What is wrong with it.
    public let text: String
    /// One sentence.
    public var description: String { line == 0 ? text : "line \(line): \(text)" }
  }

  /// The first word of every text.
  static let heading = "# rmapcheck workload 1"

  /// All steps, each in a line.
  public var text: String {
    ([Self.heading, "# \(name)"] + steps.map(line)).joined(separator: "\n") + "\n"
  }

  private func line(_ step: Step) -> String {
    func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
    func words(_ span: Span) -> String { "\(hex(span.start)) \(hex(span.end)) \(hex(span.pgoff)) \(hex(span.flags))" }
    func optional(_ vma: VMA?) -> String { vma.map { "\($0.number)" } ?? "-" }
    return switch step.operation {
    case .map(let vma, let mm, let span): "map \(vma.number) \(mm.number) \(words(span))"
    case .assume(let vma, let mm, let span, let like):
      "assume \(vma.number) \(mm.number) \(words(span)) \(optional(like))"
    case .update(let vma, let span): "update \(vma.number) \(words(span))"
    case .prepare(let vma, let next, let previous):
      "prepare \(vma.number) \(optional(next)) \(optional(previous))"
    case .fork(let child, let mm, let parent): "fork \(child.number) \(mm.number) \(parent.number)"
    case .copyPages(let child, let parent, let range):
      (["copy-pages \(child.number) \(parent.number)"]
        + runs[Int(range.lowerBound)..<Int(range.upperBound)].map { "\(hex($0.lowerBound)) \(hex($0.upperBound))" })
        .joined(separator: " ")
    case .copy(let new, let old, let span): "copy \(new.number) \(old.number) \(words(span))"
    case .adopt(let kept, let removed): "adopt \(kept.number) \(removed.number)"
    case .resize(let range):
      (["resize"]
        + spans[Int(range.lowerBound)..<Int(range.upperBound)].map { "\($0.vma.number) \(words($0.span))" })
        .joined(separator: " ")
    case .merge(let kept, let removed): "merge \(kept.number) \(removed.number)"
    case .movePages(let from, let page, let count, let to, let target):
      "move-pages \(from.number) \(hex(page)) \(count) \(to.number) \(hex(target))"
    case .fault(let vma, let page, let first, let count, let fault):
      "fault \(vma.number) \(hex(page)) \(first.number) \(count) \(fault)"
    case .unmap(let vma, let page, let count, let only):
      "unmap \(vma.number) \(hex(page)) \(count) \(only == .any ? "-" : "\(only.number)")"
    case .reuse(let vma, let page): "reuse \(vma.number) \(hex(page))"
    case .forget(let page): "forget \(page.number)"
    case .walk(let page, let count): "walk \(page.number) \(count)"
    case .unlink(let vma): "unlink \(vma.number)"
    case .free(let vma): "free \(vma.number)"
    case .exit(let mm): "exit \(mm.number)"
    }
  }

  /// Reads what ``text`` writes.
  public init(text: String, name: String) throws(TextError) {
    self.init(name: name)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == Self.heading else {
      throw TextError(line: 0, text: "no workload: its first line is not '\(Self.heading)'")
    }
    for (index, line) in lines.enumerated() where !line.hasPrefix("#") && !line.allSatisfy(\.isWhitespace) {
      var words = Words(line, index + 1)
      steps.append(Step(operation: try words.operation(&self), origin: 0))
      try words.end()
    }
    guard vmaCount <= Self.mostObjects, pageCount <= Self.mostObjects, mmCount <= Self.mostObjects else {
      throw TextError(line: 0, text: "a VMA, mm or page has a number above \(Self.mostObjects)")
    }
  }

  /// More objects than this would not fit a machine: the numbers of a text are those of arrays.
  static let mostObjects: UInt32 = 4_000_000
}

/// The words of a line, taken one by one.
private struct Words {
  private var rest: ArraySlice<Substring>
  private let line: Int

  init(_ text: Substring, _ line: Int) {
    rest = text.split(whereSeparator: \.isWhitespace)[...]
    self.line = line
  }

  private func error(_ text: String) -> Workload.TextError { Workload.TextError(line: line, text: text) }

  mutating func end() throws(Workload.TextError) {
    if let word = rest.first { throw error("'\(word)' is one word too many") }
  }

  private mutating func word() throws(Workload.TextError) -> Substring {
    guard let word = rest.popFirst() else { throw error("the line ends too early") }
    return word
  }

  private mutating func number() throws(Workload.TextError) -> UInt64 {
    let word = try word()
    let value = word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    guard let value else { throw error("'\(word)' is no number") }
    return value
  }

  private mutating func small() throws(Workload.TextError) -> UInt32 {
    let value = try number()
    guard value < Workload.mostObjects else { throw error("\(value) is too large a number here") }
    return UInt32(value)
  }

  private mutating func vma(_ workload: inout Workload) throws(Workload.TextError) -> Workload.VMA {
    let number = try small()
    workload.vmaCount = max(workload.vmaCount, number + 1)
    return Workload.VMA(number: number)
  }

  private mutating func optionalVMA(_ workload: inout Workload) throws(Workload.TextError) -> Workload.VMA? {
    if rest.first == "-" {
      rest.removeFirst()
      return nil
    }
    return try vma(&workload)
  }

  private mutating func mm(_ workload: inout Workload) throws(Workload.TextError) -> Workload.MM {
    let number = try small()
    workload.mmCount = max(workload.mmCount, number + 1)
    return Workload.MM(number: number)
  }

  private mutating func page(
    _ workload: inout Workload, count: UInt32 = 1
  ) throws(Workload.TextError) -> Workload.Page {
    let number = try small()
    workload.pageCount = max(workload.pageCount, number + count)
    return Workload.Page(number: number)
  }

  private mutating func span() throws(Workload.TextError) -> Workload.Span {
    let span = Workload.Span(start: try number(), end: try number(), pgoff: try number(), flags: try number())
    guard span.start < span.end, span.end <= 1 << 44 else { throw error("a VMA ends before it begins, or is too high") }
    return span
  }

  private mutating func pages() throws(Workload.TextError) -> (page: UInt64, count: UInt64) {
    let (page, count) = (try number(), try number())
    guard page <= 1 << 44, count <= 1 << 44 else { throw error("too many pages, or too high") }
    return (page, count)
  }

  mutating func operation(_ workload: inout Workload) throws(Workload.TextError) -> Workload.Operation {
    let name = try word()
    switch name {
    case "map": return .map(try vma(&workload), try mm(&workload), try span())
    case "assume":
      return .assume(try vma(&workload), try mm(&workload), try span(), like: try optionalVMA(&workload))
    case "update": return .update(try vma(&workload), try span())
    case "prepare":
      return .prepare(
        try vma(&workload), next: try optionalVMA(&workload), previous: try optionalVMA(&workload))
    case "fork": return .fork(child: try vma(&workload), try mm(&workload), parent: try vma(&workload))
    case "copy": return .copy(try vma(&workload), of: try vma(&workload), try span())
    case "adopt": return .adopt(kept: try vma(&workload), removed: try vma(&workload))
    case "merge": return .merge(kept: try vma(&workload), removed: try vma(&workload))
    case "resize":
      var spans: [(vma: Workload.VMA, span: Workload.Span)] = []
      repeat { spans.append((try vma(&workload), try span())) } while !rest.isEmpty
      return .resize(spans: workload.addSpans(spans))
    case "unlink": return .unlink(try vma(&workload))
    case "free": return .free(try vma(&workload))
    case "exit": return .exit(try mm(&workload))
    default: return try pageOperation(name, &workload)
    }
  }

  private mutating func pageOperation(
    _ name: Substring, _ workload: inout Workload
  ) throws(Workload.TextError) -> Workload.Operation {
    switch name {
    case "copy-pages":
      let (child, parent) = (try vma(&workload), try vma(&workload))
      var runs: [Range<UInt64>] = []
      while !rest.isEmpty {
        let (start, end) = try pages()
        guard start < end else { throw error("a run of pages ends before it begins") }
        runs.append(start..<end)
      }
      return .copyPages(child: child, parent: parent, runs: workload.addRuns(runs))
    case "move-pages":
      let from = try vma(&workload)
      let (page, count) = try pages()
      return .movePages(from: from, page: page, count: count, to: try vma(&workload), target: try number())
    case "fault":
      let (vma, place) = (try vma(&workload), try number())
      let first = try page(&workload)
      let count = try small()
      workload.pageCount = max(workload.pageCount, first.number + count)
      guard let fault = Workload.Fault(word: String(try word())) else { throw error("no such kind of fault") }
      return .fault(vma, page: place, first: first, count: count, fault)
    case "unmap":
      let vma = try vma(&workload)
      let (page, count) = try pages()
      if rest.first == "-" {
        rest.removeFirst()
        return .unmap(vma, page: page, count: count, of: .any)
      }
      return .unmap(vma, page: page, count: count, of: try self.page(&workload))
    case "reuse": return .reuse(try vma(&workload), page: try number())
    case "forget": return .forget(try page(&workload))
    case "walk":
      let first = try page(&workload)
      let count = max(1, try small())
      workload.pageCount = max(workload.pageCount, first.number + count)
      return .walk(first, count: count)
    default: throw error("there is no step '\(name)'")
    }
  }
}

extension Workload.Fault {
  fileprivate init?(word: String) {
    switch word {
    case "new": self = .new
    case "swapIn": self = .swapIn
    case "again": self = .again
    default: return nil
    }
  }
}
