import RmapEvents

/// Which records belong together: an operation, from its entry to its return, with all that its task did meanwhile.
///
/// An operation whose entry is kept keeps all of that: with some of its steps left out, it would be the history that breaks
/// the rule, and not the kernel. The teardown of an address space is different: it is many operations, and no rule looks at
/// all of them at once.
indirect enum Part: Sendable {
  case single(Int)
  /// Entry and return, and what lies between.
  case operation([Int], [Part])

  /// All of its records, in order of time.
  var records: [Int] {
    switch self {
    case .single(let index): [index]
    case .operation(let bracket, let content): (bracket + content.flatMap(\.records)).sorted()
    }
  }

  /// A history's parts in the order of their beginnings.
  static func all(of history: History) -> [Part] {
    var reader = Reader()
    for index in history.records.indices { reader.take(index, history) }
    return reader.finish()
  }

  private struct Open {
    let entry: Int
    let kinds: [EventKind]
    var content: [Part] = []
  }

  private struct Reader {
    private var open: [Int32: [Open]] = [:]
    private var parts: [Part] = []

    mutating func take(_ index: Int, _ history: History) {
      let record = history.records[index]
      guard let declaration = history.name(record)?.declaration else { return }
      let (pid, kinds) = (record.pid, declaration.kinds)
      switch declaration.role {
      case .entry where kinds == [.mmExit]: add(.single(index), pid)
      case .exit where kinds == [.mmExit]: add(.single(index), pid)
      case .entry: open[pid, default: []].append(Open(entry: index, kinds: kinds))
      case .exit:
        guard let depth = open[pid]?.lastIndex(where: { $0.kinds == kinds }) else { return add(.single(index), pid) }
        // Returns of what was entered since were not recorded.
        while let count = open[pid]?.count, count > depth + 1 { close(pid, nil) }
        close(pid, index)
      case .whole: add(.single(index), pid)
      }
    }

    private mutating func close(_ pid: Int32, _ exit: Int?) {
      guard let last = open[pid]?.popLast() else { return }
      add(.operation([last.entry] + (exit.map { [$0] } ?? []), last.content), pid)
    }

    private mutating func add(_ part: Part, _ pid: Int32) {
      if let depth = open[pid]?.indices.last {
        open[pid]?[depth].content.append(part)
      } else {
        parts.append(part)
      }
    }

    mutating func finish() -> [Part] {
      for pid in open.keys.sorted() { while open[pid]?.isEmpty == false { close(pid, nil) } }
      return parts.sorted { ($0.records.first ?? 0) < ($1.records.first ?? 0) }
    }
  }
}
