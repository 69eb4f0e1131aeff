public import RmapEvents

/// A sequence of recorded events, as a test writes it: what a ``Kernel`` did, or that with one thing wrong.
///
/// Events are named by what they are and how many of their like came before: `("insert", 2)` is the second
/// insertion, `("leave clone", -1)` the last return of a clone.
public struct History: Sendable {
  /// One event and the task that was running.
  public struct Step: Sendable {
    /// The event.
    public var event: RmapEvent
    /// The task's pid.
    public var pid: Int32

    /// A step from its parts.
    public init(_ event: RmapEvent, pid: Int32) {
      self.event = event
      self.pid = pid
    }
  }

  /// The steps; the first has the ordinal 1.
  public var steps: [Step]
  /// The fields that tell this kernel's recordings from those of others.
  public var marks: Set<FieldName> = [.end]

  /// What a healthy kernel's operations leave in a recording.
  public init(_ version: Kernel.Version = .v6_12, _ operations: (Kernel) -> Void) {
    let kernel = Kernel(version)
    operations(kernel)
    steps = kernel.steps
    if version == .v7_3 { marks.formUnion([.vmAnonPgoffLow, .cloneOperation, .oneIndex]) }
  }

  // MARK: Finding events

  /// The ordinal of the `count`th event with this label; negative counts are from the end.
  public func number(_ label: String, _ count: Int = 1) -> Int {
    let all = steps.indices.filter { steps[$0].event.label == label }
    let index = count > 0 ? count - 1 : all.count + count
    precondition(all.indices.contains(index), "the history has \(all.count) \(label) events")
    return all[index] + 1
  }

  /// The ordinal of the last event.
  public var last: Int { steps.count }

  /// An insertion or a removal.
  public func tree(_ label: String, _ count: Int = 1) -> TreeUpdate {
    switch steps[number(label, count) - 1].event {
    case .insert(let update), .remove(let update): return update
    default: preconditionFailure("\(label) is no tree event")
    }
  }

  /// The entry of an operation.
  public func entry(_ label: String, _ count: Int = 1) -> OperationEntry {
    guard case .enter(let entry) = steps[number(label, count) - 1].event else {
      preconditionFailure("\(label) is no entry")
    }
    return entry
  }

  // MARK: One thing wrong

  /// Without one event.
  public func dropping(_ label: String, _ count: Int = 1) -> History {
    var copy = self
    copy.steps.remove(at: number(label, count) - 1)
    return copy
  }

  /// Without the events of a range of ordinals.
  public func dropping(_ numbers: ClosedRange<Int>) -> History {
    var copy = self
    copy.steps.removeSubrange(numbers.lowerBound - 1...numbers.upperBound - 1)
    return copy
  }

  /// With one event happening twice in a row.
  public func repeating(_ label: String, _ count: Int = 1) -> History {
    inserting(steps[number(label, count) - 1], at: number(label, count) + 1)
  }

  /// With the first event of one label happening before the first of another, which it followed.
  public func moving(_ label: String, before other: String) -> History {
    var copy = self
    let step = copy.steps.remove(at: number(label) - 1)
    copy.steps.insert(step, at: number(other) - 1)
    return copy
  }

  /// With the first event of one label happening right behind the first of another, which it preceded.
  public func moving(_ label: String, to other: String) -> History {
    var copy = self
    let step = copy.steps.remove(at: number(label) - 1)
    copy.steps.insert(step, at: copy.number(other))
    return copy
  }

  /// With another step, which gets the ordinal `number`.
  public func inserting(_ step: Step, at number: Int) -> History {
    var copy = self
    copy.steps.insert(step, at: number - 1)
    return copy
  }

  /// From the event with the ordinal `number` on: what a recording that began late has.
  public func starting(at number: Int) -> History {
    var copy = self
    copy.steps.removeFirst(number - 1)
    return copy
  }

  /// Up to the event with the ordinal `number`.
  public func ending(at number: Int) -> History {
    var copy = self
    copy.steps.removeLast(copy.steps.count - number)
    return copy
  }

  /// With one event by another task.
  public func replacingPID(of label: String, _ count: Int = 1, by pid: Int32) -> History {
    var copy = self
    copy.steps[number(label, count) - 1].pid = pid
    return copy
  }

  /// With one insertion or removal changed.
  public func alteringTree(
    _ label: String, _ count: Int = 1, _ change: (inout TreeUpdate) -> Void
  ) -> History {
    replacing(label, count) { event in
      switch event {
      case .insert(var update):
        change(&update)
        event = .insert(update)
      case .remove(var update):
        change(&update)
        event = .remove(update)
      default: preconditionFailure("\(label) is no tree event")
      }
    }
  }

  /// With one operation's entry changed.
  public func alteringEntry(
    _ label: String, _ count: Int = 1, _ change: (inout OperationEntry) -> Void
  ) -> History {
    replacing(label, count) { event in
      guard case .enter(var entry) = event else { preconditionFailure("\(label) is no entry") }
      change(&entry)
      event = .enter(entry)
    }
  }

  /// With one operation returning another value.
  public func returning(_ value: Int64, _ label: String, _ count: Int = 1) -> History {
    replacing(label, count) { event in
      guard case .leave(var result) = event else { preconditionFailure("\(label) is no return") }
      result.value = value
      event = .leave(result)
    }
  }

  /// With one folio event changed.
  public func alteringFolio(
    _ label: String, _ count: Int = 1, _ change: (inout FolioEvent) -> Void
  ) -> History {
    replacing(label, count) { event in
      guard case .folio(var folio) = event else { preconditionFailure("\(label) is no folio event") }
      change(&folio)
      event = .folio(folio)
    }
  }

  /// With one anon_vma's last put changed.
  public func alteringPut(_ count: Int = 1, _ change: (inout AnonVMAPut) -> Void) -> History {
    replacing("put", count) { event in
      guard case .put(var put) = event else { preconditionFailure("not a put") }
      change(&put)
      event = .put(put)
    }
  }

  private func replacing(
    _ label: String, _ count: Int, _ change: (inout RmapEvent) -> Void
  ) -> History {
    var copy = self
    change(&copy.steps[number(label, count) - 1].event)
    return copy
  }
}

extension RmapEvent {
  /// What an event is, in a word or two: `insert`, `enter fork`, `leave fork`, `put`, `free`, `folio new`.
  public var label: String {
    switch self {
    case .insert: "insert"
    case .remove: "remove"
    case .enter(let entry): "enter \(entry.kind)"
    case .leave(let result): "leave \(result.kind)"
    case .put: "put"
    case .vmaFree: "free"
    case .folio(let event): "folio \(event.step)"
    case .hugetlbUnmap: "hugetlb unmap"
    case .walk(let event): event.label
    }
  }
}

extension KernelAddress {
  /// The address of an object that no history has.
  public static let elsewhere = KernelAddress(0xffff_8880_0bad_0000)
}

extension WalkEvent {
  /// `walk begin`, `walk first`, `walk found`, `walk visit`, `walk visited`, `walk next`, `walk end`.
  public var label: String {
    switch self {
    case .begin: "walk begin"
    case .end: "walk end"
    case .first: "walk first"
    case .next: "walk next"
    case .found: "walk found"
    case .visit: "walk visit"
    case .visited: "walk visited"
    }
  }
}

extension History {
  /// With one step of a walk replaced.
  public func replacingWalk(
    _ label: String, _ count: Int = 1, by change: (WalkEvent) -> WalkEvent
  ) -> History {
    var copy = self
    let index = number(label, count) - 1
    guard case .walk(let event) = steps[index].event else {
      preconditionFailure("\(label) is no step of a walk")
    }
    copy.steps[index].event = .walk(change(event))
    return copy
  }
}
