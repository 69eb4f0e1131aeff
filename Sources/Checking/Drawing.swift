public import Invariants
public import Pictures
import RecordingFormat
public import RmapEvents
internal import TraceReading

/// What of the graph is drawn while a recording is checked.
public enum Drawing: Sendable {
  /// Nothing.
  case nothing
  /// The first violations of the first defects, so many.
  case findings(Int)
  /// The same, with address spaces before and after.
  case findingsInFull(Int)
  /// What the recording says of one object; so many events of it, nil for all.
  case life(KernelAddress, Int?)
  /// One event; nil for that of the first finding. Where a finding is of the event and the focus names no object, the
  /// picture is about the finding.
  case event(UInt64?, Focus)
}

extension Drawing {
  fileprivate var hasStrips: Bool {
    switch self {
    case .findingsInFull, .event: true
    case .nothing, .findings, .life: false
    }
  }
}

/// The graph around an event that was asked for.
public struct DrawnEvent: Sendable {
  /// The event's number.
  public let ordinal: UInt64
  /// The finding that it is about; nil if none is of this event.
  public let finding: Finding?
  /// The pictures; nil if the graph was not there at that event.
  public let picture: EventPicture?
  /// The nearest events before and after one that is none of ours.
  public let neighbours: (last: UInt64?, next: UInt64?)
}

extension RecordingResult {
  /// The picture of a finding, for a text of 80 columns: at most ``PictureText/smallLines`` lines of plain ASCII. None if
  /// it was not drawn (``RecordingCheck/drawing``), or nothing of it can be.
  public func smallPicture(of finding: Finding) -> [String] {
    guard let picture = drawings.first(where: { $0.finding == finding })?.picture else { return [] }
    return PictureText(picture, functions).small()
  }
}

/// What a replay rests on: a second one with the same comes to the same graph at every event.
struct ReplayTerms {
  let law: LawGap
  var isOrdered = true
  var until: ProofEnd?
  /// The recorded kernel's.
  var pageSize = PageSize.small
}

extension RecordingCheck {
  /// Replays the recording once more, and takes the pictures on the way.
  func draw(_ recording: Recording, _ terms: ReplayTerms, into result: inout RecordingResult) {
    if case .life(let object, let limit) = drawing { return follow(object, limit, recording, terms, into: &result) }
    let wanted = wanted(result)
    guard !wanted.isEmpty else { return }
    let requests = wanted.enumerated().map { index, wanted in
      Camera.Request(wanted.ordinal, wanted.focus, isAlone: wanted.isAlone || !terms.isOrdered, index: index)
    }
    let camera = photograph(requests, recording, terms, result.sidecar)
    var pictures = camera.pictures
    for (index, course) in camera.writer.courses { pictures[index]?.course = course }
    if drawing.hasStrips { addStrips(to: &pictures, recording, terms, result.sidecar) }
    result.drawings = wanted.enumerated().map { index, wanted in
      let miss = camera.misses[index]
      return DrawnEvent(
        ordinal: wanted.ordinal, finding: wanted.finding, picture: pictures[index],
        neighbours: (miss?.last, miss?.next))
    }
    for drawn in result.drawings {
      for step in drawn.picture?.course.steps ?? [] {
        result.commandNames[step.stamp.pid] = recording.file.commandName(ofPID: step.stamp.pid)
      }
    }
  }

  /// Where what led to an event began is known once its picture is there: so the address spaces take a pass of their own.
  private func addStrips(
    to pictures: inout [Int: EventPicture], _ recording: Recording, _ terms: ReplayTerms, _ sidecar: Sidecar?
  ) {
    let requests = pictures.sorted { $0.key < $1.key }.flatMap { index, picture in
      [
        Camera.Request(picture.began, Camera.Survey(mms: picture.mms, moment: .before), index: 2 * index),
        Camera.Request(
          picture.stamp.ordinal, Camera.Survey(mms: picture.mms, moment: .after), index: 2 * index + 1),
      ]
    }
    let spaces = photograph(requests, recording, terms, sidecar).spaces
    for index in pictures.keys {
      if let earlier = spaces[2 * index], let later = spaces[2 * index + 1] { pictures[index]?.take(earlier, later) }
    }
  }

  private func photograph(
    _ requests: [Camera.Request], _ recording: Recording, _ terms: ReplayTerms, _ sidecar: Sidecar?
  ) -> Camera {
    var replay = Replay(
      recording.file, RecordingCheck(invariants: []), sidecar, isOrdered: terms.isOrdered, until: terms.until,
      law: terms.law, pageSize: terms.pageSize)
    replay.camera = Camera(requests)
    read(recording, replay.intake) { stretch in
      replay.take(stretch)
      return replay.camera?.isWaiting == true
    }
    var camera = replay.camera ?? Camera([])
    camera.finish()
    return camera
  }

  private func follow(
    _ object: KernelAddress, _ limit: Int?, _ recording: Recording, _ terms: ReplayTerms,
    into result: inout RecordingResult
  ) {
    var life = Life(of: object, limit: limit)
    read(recording, Intake(recording.file, pageSize: terms.pageSize)) { stretch in
      for position in 0..<stretch.events.count {
        life.take(stretch.events.event(at: position), at: stretch.events.stamp(at: position))
      }
      return true
    }
    result.life = life
    for line in life.first + life.last {
      result.commandNames[line.stamp.pid] = recording.file.commandName(ofPID: line.stamp.pid)
    }
  }

  /// Hands stretches to `body` until that has enough. What can't be read, the check has told of.
  private func read(_ recording: Recording, _ intake: Intake, _ body: (Stretch) -> Bool) {
    switch recording {
    case .traceData(let file): if let records = try? file.records() { read(records, intake, body) }
    case .perfData(let file): if let records = try? file.records() { read(records, intake, body) }
    case .text(let file): read(file.records(), intake, body)
    }
  }

  private func read<Source: RecordSource & ~Copyable>(
    _ source: consuming Source, _ intake: Intake, _ body: (Stretch) -> Bool
  ) {
    var reader = StretchReader(source, intake)
    let stretch = Stretch()
    repeat { reader.read(into: stretch) } while body(stretch) && !stretch.ending.isLast
  }

  private struct Wanted {
    let ordinal: UInt64
    let focus: Focus
    var finding: Finding?
    var isAlone = false

    init(_ ordinal: UInt64, _ focus: Focus) {
      self.ordinal = ordinal
      self.focus = focus
    }

    init(_ invariant: Invariant, _ finding: Finding, _ result: RecordingResult) {
      ordinal = finding.stamp.ordinal
      focus = Focus(finding, of: invariant)
      self.finding = finding
      let missing = result.invariants.first { $0.invariant.number == invariant.number }?.missing
      isAlone = missing?.isEmpty == false
    }
  }

  /// More than these are not drawn: each picture is kept until the reports are written.
  private static let drawingsKept = 64

  private func wanted(_ result: RecordingResult) -> [Wanted] {
    switch drawing {
    case .nothing, .life: return []
    case .findings(let count), .findingsInFull(let count):
      return result.defects.prefix(min(count, Self.drawingsKept)).map { Wanted($0.invariant, $0.first, result) }
    case .event(let ordinal, let focus):
      guard let ordinal = ordinal ?? result.defects.first?.first.stamp.ordinal else { return [] }
      if !focus.isOfObject, focus.root == nil {
        // A defect's first violation says more than one that follows.
        let firsts = result.defects.map { (invariant: $0.invariant, finding: $0.first) }
        if let told = (firsts + result.findings).first(where: { $0.finding.stamp.ordinal == ordinal }) {
          return [Wanted(told.invariant, told.finding, result)]
        }
      }
      return [Wanted(ordinal, focus)]
    }
  }
}
