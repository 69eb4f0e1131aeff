import Invariants
import RmapEvents
import RmapTestSupport
import Testing

/// A history with one thing wrong, and what the invariant must say of it first.
struct BadHistory: Sendable, CustomTestStringConvertible {
  /// What of the explanation is pinned.
  enum Words: Sendable {
    case summary(what: String, contradiction: String, function: String)
    /// Every word, see ``InvariantCaseTests``.
    case whole(String)
  }

  let invariant: String
  let words: Words
  /// The first wrong event.
  let event: Int
  let history: History

  var testDescription: String {
    switch words {
    case .summary(let what, let contradiction, _): "\(invariant): \(what) \(contradiction)"
    case .whole(let text): "\(invariant): \(text.prefix { $0 != "\n" })"
    }
  }
}

/// A history without fault.
struct GoodHistory: Sendable, CustomTestStringConvertible {
  let invariant: String
  let title: String
  let history: History

  var testDescription: String { "\(invariant): \(title)" }
}

/// The good and the bad histories of one invariant.
struct InvariantCases: Sendable, CustomTestStringConvertible {
  let name: String
  private(set) var good: [GoodHistory] = []
  private(set) var bad: [BadHistory] = []

  var testDescription: String { name }

  init(_ name: String) { self.name = name }

  /// The same cases and a history on which the invariant decides something and nothing is wrong.
  func holds(_ title: String, _ history: History) -> Self {
    var copy = self
    copy.good.append(GoodHistory(invariant: name, title: title, history: history))
    return copy
  }

  /// The same cases and a history whose event `at` the invariant blames.
  func breaks(
    _ what: String, _ contradiction: String, in function: String, at label: String,
    _ count: Int, _ history: History
  ) -> Self {
    adding(.summary(what: what, contradiction: contradiction, function: function), label, count, history)
  }

  /// The same, where the first event with the label is to blame.
  func breaks(
    _ what: String, _ contradiction: String, in function: String, at label: String,
    _ history: History
  ) -> Self { breaks(what, contradiction, in: function, at: label, 1, history) }

  /// The same cases and one whose explanation is pinned word for word; each invariant has one at least.
  func breaks(at label: String, _ count: Int, _ history: History, _ text: String) -> Self {
    adding(.whole(text), label, count, history)
  }

  /// The same, where the first event with the label is to blame.
  func breaks(at label: String, _ history: History, _ text: String) -> Self { breaks(at: label, 1, history, text) }

  private func adding(_ words: BadHistory.Words, _ label: String, _ count: Int, _ history: History) -> Self {
    var copy = self
    copy.bad.append(
      BadHistory(invariant: name, words: words, event: history.number(label, count), history: history))
    return copy
  }

  /// Those of each file in Cases/, which lists its own.
  static let all = structure + operations + lifetimes + states + pages + offsets + walks
}

/// Histories that many cases begin with.
extension History {
  /// A VMA of four pages, the second of which is written to.
  static let fault = History { $0.fault() }

  /// And the VMA goes.
  static let lifetime = History {
    $0.fault()
    $0.munmap("p.V")
  }

  /// And a child.
  static let fork = History {
    $0.fault()
    $0.fork("p", "c")
  }

  /// And both exit.
  static let forkAndExit = History {
    $0.fault()
    $0.fork("p", "c")
    $0.exit("p")
    $0.exit("c")
  }

  /// And the VMA becomes two.
  static let split = History {
    $0.fault()
    $0.split("p.V", at: 18, "p.W")
  }

  /// And the VMA grows.
  static let resize = History {
    $0.fault()
    $0.resize("p.V", to: 16..<22)
    $0.munmap("p.V")
  }

  /// And the VMA moves.
  static let mremap = History {
    $0.fault()
    $0.mremap("p.V", to: 64, "p.W")
  }

  /// The child's child lives on without the child, whose anon_vma its own child uses again.
  static let reuse = History {
    $0.fault()
    $0.fork("p", "c")
    $0.fork("c", "d")
    $0.exit("c")
    $0.fork("d", "e")
  }

  /// Two VMAs with a root each, and a child.
  static let twoRoots = History {
    $0.fault()
    $0.mmap("p.W", 32..<36)
    $0.write("p.W", 33)
    $0.split("p.V", at: 18, "p.X")
    $0.fork("p", "c")
  }
}

extension Kernel {
  /// A VMA of four pages, the second of which is written to.
  func fault() {
    mmap("p.V", 16..<20)
    write("p.V", 17)
  }
}

/// Goal: every invariant proves that it can be satisfied and that it can fail, in each way that it knows, and says what was
/// meant. Method: healthy histories, and the same with one event altered, dropped, repeated or added.
@Suite struct InvariantCaseTests {
  @Test(arguments: InvariantCases.all.flatMap(\.good))
  func holds(_ good: GoodHistory) {
    let outcome = good.history.judged()
    #expect(outcome.findings == [])
    #expect(outcome.ledger(good.invariant).decided > 0)
  }

  @Test(arguments: InvariantCases.all.flatMap(\.bad))
  func breaks(_ bad: BadHistory) throws {
    let ledger = bad.history.judged().ledger(bad.invariant)
    #expect(ledger.violations > 0)
    let finding = try #require(ledger.findings.first)
    switch bad.words {
    case .summary(let what, let contradiction, let function):
      #expect(finding.what == what)
      #expect(finding.contradiction.text == contradiction)
      #expect(FunctionNames()[finding.function] == function)
    case .whole(let pinned):
      #expect(text(finding) == pinned)
    }
    #expect(finding.stamp.ordinal == UInt64(bad.event))
    #expect(finding.events.last?.ordinal == UInt64(bad.event), "nothing later proves it")
    #expect(!finding.objects.isEmpty)
    #expect(!finding.rule.isEmpty)
  }

  private func text(_ finding: Finding) -> String {
    func event(_ stamp: EventStamp?) -> String { stamp.map { " (event \($0.ordinal))" } ?? "" }
    var lines = ["\(finding.what)\(event(finding.stamp)) in \(FunctionNames()[finding.function])"]
    lines += finding.objects.map { "Let \($0.name) = \($0.description)" }
    lines += finding.established.map { "Then \($0.text)\(event($0.stamp))" }
    lines.append("However \(finding.contradiction.text)\(event(finding.contradiction.stamp))")
    return (lines + [finding.rule]).joined(separator: "\n")
  }

  /// The audit stands between the graph and the judge: whatever moment an invariant judges at, the judge hears of it.
  @Test(arguments: InvariantCases.all) func auditPassesOnWhatItSees(cases: InvariantCases) {
    for history in cases.good.map(\.history) + cases.bad.map(\.history) {
      let (passedOn, alone) = (history.judged(), history.judgedAlone())
      #expect(passedOn.findings == alone.findings)
      #expect(passedOn.counts == alone.counts)
    }
  }

  @Test func everyInvariantHasCases() {
    #expect(InvariantCases.all.map(\.name).sorted() == Invariant.all.map(\.name).sorted())
    for cases in InvariantCases.all {
      #expect(!cases.good.isEmpty, "\(cases.name) has no good history")
      let isPinned = cases.bad.contains { if case .whole = $0.words { true } else { false } }
      #expect(isPinned, "\(cases.name) has no bad history whose explanation is pinned")
    }
  }

  @Test func everyInvariantExplainsItself() {
    #expect(Set(Invariant.all.map(\.name)).count == Invariant.all.count)
    #expect(Set(Invariant.all.map(\.number)).count == Invariant.all.count)
    for invariant in Invariant.all {
      let texts = [invariant.statement, invariant.source, invariant.exceptions]
      #expect(texts.allSatisfy { !$0.isEmpty }, "\(invariant.name)")
      #expect(!invariant.checks.isEmpty, "\(invariant.name)")
      #expect(!invariant.needs.isEmpty, "\(invariant.name)")
      #expect(invariant.name.allSatisfy { $0.isLowercase || $0 == "-" }, "\(invariant.name)")
    }
  }
}
