import Invariants
package import Pictures
import RmapEvents
import RmapGraph

/// Takes pictures of a replay's graph, before and after the events that were asked for.
package struct Camera {
  /// An event to be drawn.
  package struct Request: Sendable {
    /// Its number.
    package let ordinal: UInt64
    /// What the pictures are about, beside what the event itself shows.
    package let focus: Focus
    /// Whether the event was judged by itself, as if the recording held nothing else.
    package let isAlone: Bool
    /// Which pictures it is.
    package let index: Int
    /// The mms whose address spaces are asked for instead of a picture.
    package let survey: Survey?

    package init(_ ordinal: UInt64, _ focus: Focus, isAlone: Bool = false, index: Int = 0) {
      self.ordinal = ordinal
      self.focus = focus
      self.isAlone = isAlone
      self.index = index
      survey = nil
    }

    package init(_ ordinal: UInt64, _ survey: Survey, index: Int) {
      self.ordinal = ordinal
      self.survey = survey
      self.index = index
      focus = Focus()
      isAlone = false
    }
  }

  /// Address spaces that are asked for.
  package struct Survey: Sendable {
    /// Their mms.
    let mms: [KernelAddress]
    /// Before the event, or after it.
    let moment: GraphPicture.Moment
  }

  /// Why an event is not drawn.
  package struct Miss: Sendable, Equatable {
    /// The event of ours before it; nil if there is none.
    package let last: UInt64?
    /// The one after it; nil if there is none.
    package let next: UInt64?
  }

  /// What was asked for, in the order of the events.
  private let requests: [Request]
  private let limit: PictureLimit
  private var next = 0
  private var last: UInt64?
  /// The pictures, by their request's index.
  package private(set) var pictures: [Int: EventPicture] = [:]
  /// What there is no picture of, by the request's index.
  package private(set) var misses: [Int: Miss] = [:]
  /// The address spaces, by the request's index.
  private(set) var spaces: [Int: [AddressSpace]] = [:]
  /// What tasks did around the events.
  private(set) var writer = CourseWriter()

  package init(_ requests: [Request], limit: PictureLimit = .standard) {
    self.requests = requests.sorted { ($0.ordinal, $0.index) < ($1.ordinal, $1.index) }
    self.limit = limit
  }

  /// Whether there is more to be taken.
  package var isWaiting: Bool { next < requests.count || writer.isWriting }

  /// Sees an event that has been applied.
  mutating func note(_ events: borrowing EventBatch, at position: Int) { writer.take(events, at: position) }

  /// What is asked for of an event; passes over what came before it.
  mutating func requests(at ordinal: UInt64) -> Range<Int> {
    while next < requests.count, requests[next].ordinal < ordinal {
      misses[requests[next].index] = Miss(last: last, next: ordinal)
      next += 1
    }
    last = ordinal
    var end = next
    while end < requests.count, requests[end].ordinal == ordinal { end += 1 }
    return next..<end
  }

  /// Takes the pictures of one event, which `apply` applies to the graph.
  mutating func take(
    _ wanted: Range<Int>, _ event: borrowing RmapEvent, _ stamp: EventStamp, _ graph: inout RmapGraph,
    isAlone: Bool = false, _ apply: (inout RmapGraph) -> Void
  ) {
    var before: [Shot] = []
    for request in wanted { before.append(Shot(requests[request], .before, event, stamp, graph, limit)) }
    for request in wanted { survey(request, .before, graph) }
    apply(&graph)
    for request in wanted { survey(request, .after, graph) }
    next = wanted.upperBound
    for (request, before) in zip(wanted, before) where requests[request].survey == nil {
      // What the event has made is known now.
      let focus = Shot.focus(before.focus, event, stamp, graph)
      let after = GraphPicture(of: graph, focus, .after, limit: limit)
      pictures[requests[request].index] = EventPicture(
        stamp, EventPicture.Step(event), in: before.operation, focus, before: before.picture, after: after,
        isAlone: isAlone)
    }
  }

  private mutating func survey(_ request: Int, _ moment: GraphPicture.Moment, _ graph: borrowing RmapGraph) {
    guard let survey = requests[request].survey, survey.moment == moment else { return }
    var found: [AddressSpace] = []
    for mm in survey.mms { found.append(AddressSpace(of: mm, in: graph)) }
    spaces[requests[request].index] = found
  }

  /// Begins to write down what tasks do around an event that has just been seen.
  mutating func beginCourses(_ wanted: Range<Int>, at stamp: EventStamp) {
    for request in wanted {
      guard let picture = pictures[requests[request].index] else { continue }
      writer.begin(requests[request].index, at: stamp, picture.step.kind)
    }
  }

  /// Whether a request is of the event alone.
  func isAlone(_ request: Int) -> Bool { requests[request].isAlone }

  /// The recording is over.
  mutating func finish() {
    while next < requests.count {
      misses[requests[next].index] = Miss(last: last, next: nil)
      next += 1
    }
  }
}

/// The graph before an event.
private struct Shot {
  let focus: Focus
  let operation: EventPicture.Operation?
  let picture: GraphPicture

  init(
    _ request: Camera.Request, _ moment: GraphPicture.Moment, _ event: borrowing RmapEvent, _ stamp: EventStamp,
    _ graph: borrowing RmapGraph, _ limit: PictureLimit
  ) {
    focus = Self.focus(request.focus, event, stamp, graph)
    picture = GraphPicture(of: graph, focus, moment, limit: limit)
    var outward = 0
    var outermost: EventPicture.Operation?
    while let place = graph.operation(ofTask: stamp.pid, outward: outward) {
      if place.pointee.kind != .mmExit {
        outermost = EventPicture.Operation(kind: place.pointee.kind, stamp: place.pointee.stamp)
      }
      outward += 1
    }
    operation = outermost
  }

  /// Where nothing else says what a picture is about, the event does.
  static func focus(
    _ asked: Focus, _ event: borrowing RmapEvent, _ stamp: EventStamp, _ graph: borrowing RmapGraph
  ) -> Focus {
    guard asked.accusation == nil, !asked.isOfObject else { return asked }
    var focus = asked
    focus.add(event, at: stamp, in: graph)
    return focus
  }
}

extension Replay {
  /// Applies events one by one, and lets the camera see those that it waits for.
  mutating func judgeInSight(_ events: borrowing EventBatch, _ positions: Range<Int>) {
    for position in positions {
      let stamp = events.stamp(at: position)
      let wanted = camera?.requests(at: stamp.ordinal) ?? 0..<0
      if wanted.isEmpty {
        graph.apply(events, at: position, observer: &watch)
      } else if wanted.contains(where: { camera?.isAlone($0) == true }) {
        seeAlone(events, at: position)
        graph.apply(events, at: position, observer: &watch)
      } else {
        let event = events.event(at: position)
        camera?.take(wanted, event, stamp, &graph) { graph in
          graph.apply(events, at: position, observer: &watch)
        }
      }
      camera?.note(events, at: position)
      if !wanted.isEmpty { camera?.beginCourses(wanted, at: stamp) }
    }
  }

  /// Shows the camera an event that is judged by itself.
  mutating func seeAlone(_ events: borrowing EventBatch, at position: Int) {
    let stamp = events.stamp(at: position)
    guard let wanted = camera?.requests(at: stamp.ordinal), !wanted.isEmpty else { return }
    var alone = RmapGraph()
    var judge = Judge([])
    camera?.take(wanted, events.event(at: position), stamp, &alone, isAlone: true) { graph in
      graph.apply(events, at: position, observer: &judge)
    }
  }
}
