/// A workload of the debate that needs no recording, made for a number of processes.
public struct Scenario: Sendable {
  /// Its name; on the command line `NAME` or `NAME:N`.
  public let name: String
  /// What happens in it.
  public let summary: String
  /// What the number counts, and its default; nil where it has none.
  public let parameter: Parameter?
  /// Designs that are kept for the bug that this scenario shows; compared besides all others.
  public let historic: [Policy]
  private let write: @Sendable (inout WorkloadBuilder, Int) -> Void

  init(
    _ name: String, _ summary: String, parameter: Parameter? = nil,
    historic: [Policy] = [],
    write: @escaping @Sendable (inout WorkloadBuilder, Int) -> Void
  ) {
    self.name = name
    self.summary = summary
    self.parameter = parameter
    self.historic = historic
    self.write = write
  }

  /// The workload for a number; its default if there is none.
  public func workload(_ number: Int? = nil) -> Workload {
    let number = number ?? parameter?.standard ?? 0
    var builder = WorkloadBuilder(parameter == nil ? name : "\(name):\(number)")
    write(&builder, number)
    return builder.workload
  }

  /// What a scenario's number counts, its default, and the largest that fits a machine: some millions of pages or AVCs.
  public typealias Parameter = (meaning: String, standard: Int, largest: Int)

  /// The scenario and the number that `NAME` or `NAME:N` names.
  public static func named(_ name: String) throws(NameError) -> (scenario: Scenario, number: Int?) {
    let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard let scenario = all.first(where: { $0.name == parts[0] }) else { throw .unknown(name) }
    guard parts.count > 1 else { return (scenario, nil) }
    guard let parameter = scenario.parameter else { throw .noNumber(scenario.name) }
    guard parts.count == 2, parts[1].allSatisfy(\.isASCIIDigit), let number = Int(parts[1]),
      (1...parameter.largest).contains(number)
    else { throw .outOfRange(scenario.name, parameter.largest) }
    return (scenario, number)
  }

  /// What is wrong with a scenario's name.
  public enum NameError: Error, CustomStringConvertible {
    case unknown(String)
    case noNumber(String)
    case outOfRange(String, Int)

    /// One sentence.
    public var description: String {
      switch self {
      case .unknown(let name):
        "There is no scenario '\(name)'; there are "
          + Scenario.all.map { $0.parameter == nil ? $0.name : "\($0.name)[:N]" }.joined(separator: ", ") + "."
      case .noNumber(let name): "The scenario \(name) takes no number."
      case .outOfRange(let name, let largest): "\(name):N takes a number N from 1 to \(largest)."
      }
    }
  }

  /// The workload that `NAME` or `NAME:N` names; nil if there is none.
  public static func workload(named name: String) -> Workload? {
    guard let (scenario, number) = try? named(name) else { return nil }
    return scenario.workload(number)
  }

  /// All of them.
  public static let all: [Scenario] = costs + flaws + costs2026 + misses
}

extension Scenario {
  /// Those that the designs' costs were argued with.
  static let costs: [Scenario] = [
    Scenario(
      "fork-chain", "A process writes, forks and exits; its child does the same, and so on (August 2012).",
      parameter: ("levels", 1000, 10000), write: forkChain),
    Scenario(
      "children", "One parent forks children, and each writes one page of its own.",
      parameter: ("children", 1000, 1000000), write: children),
    Scenario(
      "live-chain", "As fork-chain, but nobody exits.", parameter: ("levels", 50, 2000), write: liveChain),
    Scenario(
      "daemon", "A daemon, itself forked, forks workers; each forks a child and exits.",
      parameter: ("workers", 100, 500000), write: daemon),
    Scenario(
      "aim7", "One parent with 1,000 pages forks children, and each writes all of them (5beb49305251).",
      parameter: ("children", 1000, 4000), write: aim7),
  ]

  /// Those that a design breaks on.
  static let flaws: [Scenario] = [
    Scenario(
      "double-reuse",
      "The schedule of CVE-2022-42703: an anon_vma in use is given away again, and two VMAs merge that must not.",
      write: doubleReuse),
    Scenario(
      "overly-anonymous", "LWN 383162: a shared page comes from swap, its child maps it first and exits.",
      historic: [.hierarchyWithOwnPages, .cowPrototype], write: overlyAnonymous),
    Scenario(
      "swap-cache", "A page is in the swap cache, mapped by nobody, while its process forks.", write: swapCache),
  ]
}

private let memory: Range<UInt64> = 0x1000..<0x1010

private func write(_ builder: inout WorkloadBuilder, _ process: WorkloadBuilder.Process, _ page: UInt64) {
  builder.write(builder.vmas(of: process)[0], page..<page + 1)
}

private func forkChain(_ builder: inout WorkloadBuilder, _ levels: Int) {
  var process = builder.process()
  let first = builder.map(process, memory)
  write(&builder, process, memory.lowerBound)
  for _ in 0..<levels {
    let child = builder.fork(process)
    write(&builder, child, memory.lowerBound)
    builder.exit(process)
    process = child
  }
  builder.succeed(first, by: builder.vmas(of: process)[0])
}

private func children(_ builder: inout WorkloadBuilder, _ count: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  builder.write(first, memory.lowerBound..<memory.lowerBound + 2)
  for _ in 0..<count {
    let child = builder.fork(parent)
    write(&builder, child, memory.lowerBound)
  }
  builder.succeed(first, by: first)
}

private func liveChain(_ builder: inout WorkloadBuilder, _ levels: Int) {
  var process = builder.process()
  let first = builder.map(process, memory)
  write(&builder, process, memory.lowerBound)
  for _ in 0..<levels {
    process = builder.fork(process)
    write(&builder, process, memory.lowerBound)
  }
  builder.succeed(first, by: builder.vmas(of: process)[0])
}

private func daemon(_ builder: inout WorkloadBuilder, _ workers: Int) {
  let shell = builder.process()
  let first = builder.map(shell, memory)
  write(&builder, shell, memory.lowerBound)
  let daemon = builder.fork(shell)
  builder.exit(shell)
  write(&builder, daemon, memory.lowerBound)
  for _ in 0..<workers {
    let worker = builder.fork(daemon)
    write(&builder, worker, memory.lowerBound)
    let child = builder.fork(worker)
    write(&builder, child, memory.lowerBound)
    builder.exit(worker)
  }
  builder.succeed(first, by: builder.vmas(of: daemon)[0])
}

private func aim7(_ builder: inout WorkloadBuilder, _ count: Int) {
  let parent = builder.process()
  let pages: Range<UInt64> = 0x1000..<0x1000 + 1000
  let first = builder.map(parent, pages)
  builder.write(first, pages)
  for _ in 0..<count {
    let child = builder.fork(parent)
    builder.write(builder.vmas(of: child)[0], pages)
  }
  builder.succeed(first, by: first)
}

/// A maps; A forks B and exits; B forks C and exits; C forks D; D splits its VMA; C exits; D forks E and F; D and E
/// exit; F forks G. Under `degree`, E's two VMAs get one anon_vma (with the same chain, by luck), and so do G's, whose
/// chains are not the same. Everybody writes a page in each half. G merges its VMAs: a page of an anon_vma that only one of
/// them stood in is no longer found, and dangles when the others have exited.
private func doubleReuse(_ builder: inout WorkloadBuilder, _: Int) {
  var written: UInt64 = 0
  func writeBoth(_ process: WorkloadBuilder.Process, _ builder: inout WorkloadBuilder) {
    let vmas = builder.vmas(of: process)
    for (vma, half) in [(vmas[0], memory.lowerBound), (vmas[vmas.count - 1], memory.lowerBound + 8)] {
      builder.write(vma, half + written..<half + written + 1)
    }
    written += 1
  }
  func forked(_ parent: WorkloadBuilder.Process, _ builder: inout WorkloadBuilder) -> WorkloadBuilder.Process {
    let child = builder.fork(parent)
    writeBoth(child, &builder)
    return child
  }
  let a = builder.process()
  let first = builder.map(a, memory)
  writeBoth(a, &builder)
  let b = forked(a, &builder)
  builder.exit(a)
  let c = forked(b, &builder)
  builder.exit(b)
  let d = forked(c, &builder)
  _ = builder.split(builder.vmas(of: d)[0], at: memory.lowerBound + 8)
  builder.exit(c)
  let e = forked(d, &builder)
  let f = forked(d, &builder)
  builder.exit(d)
  builder.exit(e)
  let g = forked(f, &builder)
  let halves = builder.vmas(of: g)
  builder.merge(halves[0], halves[1])
  builder.exit(f)
  builder.succeed(first, by: halves[0])
}

/// A page that parent and child share is swapped out of both. The child touches it first: whose is it?
private func overlyAnonymous(_ builder: inout WorkloadBuilder, _: Int) {
  let parent = builder.process()
  let first = builder.map(parent, memory)
  write(&builder, parent, memory.lowerBound)
  let child = builder.fork(parent)
  let copy = builder.vmas(of: child)[0]
  builder.swapOut(memory.lowerBound, from: [first, copy])
  let page = builder.swapIn(memory.lowerBound, into: copy)
  builder.mapAgain(page, at: memory.lowerBound, in: first)
  builder.exit(child)
  builder.succeed(first, by: first)
}

/// The child of a process that has exited still has that process's page, which waits in the swap cache, mapped by
/// nobody, as it forks. It and the grandchild map the page again.
private func swapCache(_ builder: inout WorkloadBuilder, _: Int) {
  let shell = builder.process()
  let first = builder.map(shell, memory)
  write(&builder, shell, memory.lowerBound + 1)
  let parent = builder.fork(shell)
  let page = builder.write(builder.vmas(of: parent)[0], memory.lowerBound..<memory.lowerBound + 1)
  let child = builder.fork(parent)
  builder.exit(parent)
  let copy = builder.vmas(of: child)[0]
  builder.swapOut(memory.lowerBound, from: [copy])
  let grandchild = builder.fork(child)
  builder.mapAgain(page, at: memory.lowerBound, in: copy)
  builder.mapAgain(page, at: memory.lowerBound, in: builder.vmas(of: grandchild)[0])
  builder.exit(child)
  builder.succeed(first, by: first)
}

extension Character {
  /// 0 to 9.
  var isASCIIDigit: Bool { isASCII && isNumber }
}
