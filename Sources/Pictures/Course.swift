public import RmapEvents

/// What tasks did to the graph around an event: a few steps before it, and a few after.
public struct Course: Sendable, Equatable {
  /// One event.
  public struct Step: Sendable, Equatable {
    /// What an event is of an operation.
    public enum Phase: Sendable, Equatable {
      /// A function was entered that has a return of its own.
      case enter
      /// It has returned.
      case leave(Int64)
      /// Neither.
      case instant
    }

    /// Where it was seen.
    public let stamp: EventStamp
    /// The function.
    public let kind: EventKind
    /// Which part of it.
    public let phase: Phase
    /// The VMA; null where it has none.
    public let vma: KernelAddress
    /// The anon_vma; null where it has none.
    public let anonVMA: KernelAddress

    /// An event of a batch; nil for one that does not change the structure.
    init?(_ events: borrowing EventBatch, at position: Int) {
      let index = Int(events.items[position].index)
      stamp = events.items[position].stamp
      switch events.items[position].kind {
      case .insert, .remove:
        (kind, phase) = (events.items[position].kind == .insert ? .insert : .remove, .instant)
        (vma, anonVMA) = (events.updates[index].vma.address, events.updates[index].anonVMA)
      case .enter:
        (kind, phase) = (events.entries[index].kind, .enter)
        (vma, anonVMA) = (events.entries[index].vma.address, .null)
      case .leave:
        (kind, phase) = (events.returns[index].kind, .leave(events.returns[index].value))
        (vma, anonVMA) = (.null, .null)
      case .put: (kind, phase, vma, anonVMA) = (.put, .instant, .null, events.puts[index].anonVMA)
      case .vmaFree: (kind, phase, vma, anonVMA) = (.vmaFree, .instant, events.vmaFrees[index].vma, .null)
      case .folio, .hugetlbUnmap, .walk: return nil
      }
    }

    /// An event that belongs here whatever it is.
    init(_ stamp: EventStamp, _ kind: EventKind) {
      (self.stamp, self.kind, phase, vma, anonVMA) = (stamp, kind, .instant, .null, .null)
    }
  }

  /// The steps, in their order.
  public package(set) var steps: [Step] = []

  /// How many steps before an event are kept.
  package static let stepsBefore = 28
  /// How many after it.
  package static let stepsAfter = 12

  /// None yet.
  package init() {}
}

/// The last steps of a recording, and the courses that are being written.
package struct CourseWriter: Sendable {
  private var recent: [Course.Step] = []
  private var next = 0
  private var writing: [(index: Int, left: Int)] = []
  /// The courses, by the picture's index.
  package private(set) var courses: [Int: Course] = [:]

  package init() {}

  /// Whether a course is to be gone on with.
  package var isWriting: Bool { !writing.isEmpty }

  /// Takes the next event.
  package mutating func take(_ events: borrowing EventBatch, at position: Int) {
    guard let step = Course.Step(events, at: position) else { return }
    for place in writing.indices.reversed() {
      courses[writing[place].index]?.steps.append(step)
      writing[place].left -= 1
      if writing[place].left == 0 { writing.remove(at: place) }
    }
    if recent.count < Course.stepsBefore {
      recent.append(step)
    } else {
      recent[next] = step
      next = (next + 1) % Course.stepsBefore
    }
  }

  /// Begins a course at the event that was taken last.
  package mutating func begin(_ index: Int, at stamp: EventStamp, _ kind: EventKind) {
    var course = Course()
    course.steps = Array(recent[next...] + recent[..<next])
    if course.steps.last?.stamp.ordinal != stamp.ordinal { course.steps.append(Course.Step(stamp, kind)) }
    courses[index] = course
    writing.append((index, Course.stepsAfter))
  }
}
