public import Invariants
public import Pictures
import RmapEvents
internal import TraceReading

/// What of the graph is drawn while a recording is checked.
public enum Drawing: Sendable {
  /// Nothing.
  case nothing
  /// The first findings, so many.
  case findings(Int)
  /// One event; nil for that of the first finding. Where a finding is of the event and the focus names no object, the
  /// picture is about the finding.
  case event(UInt64?, Focus)
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
    let wanted = wanted(result)
    guard !wanted.isEmpty else { return }
    let requests = wanted.enumerated().map { index, wanted in
      Camera.Request(wanted.ordinal, wanted.focus, isAlone: wanted.isAlone || !terms.isOrdered, index: index)
    }
    var replay = Replay(
      recording.file, RecordingCheck(invariants: []), result.sidecar, isOrdered: terms.isOrdered, until: terms.until,
      law: terms.law, pageSize: terms.pageSize)
    replay.camera = Camera(requests)
    // What can't be read, the check has told of.
    switch recording {
    case .traceData(let file): if let records = try? file.records() { photograph(records, &replay) }
    case .perfData(let file): if let records = try? file.records() { photograph(records, &replay) }
    case .text(let file): photograph(file.records(), &replay)
    }
    replay.camera?.finish()
    result.drawings = wanted.enumerated().map { index, wanted in
      let miss = replay.camera?.misses[index]
      return DrawnEvent(
        ordinal: wanted.ordinal, finding: wanted.finding, picture: replay.camera?.pictures[index],
        neighbours: (miss?.last, miss?.next))
    }
  }

  private func photograph<Source: RecordSource & ~Copyable>(_ source: consuming Source, _ replay: inout Replay) {
    var reader = StretchReader(source, replay.intake)
    let stretch = Stretch()
    repeat {
      reader.read(into: stretch)
      replay.take(stretch)
    } while !stretch.ending.isLast && replay.camera?.isWaiting == true
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

  private func wanted(_ result: RecordingResult) -> [Wanted] {
    switch drawing {
    case .nothing: return []
    case .findings(let count):
      return result.defects.prefix(count).map { Wanted($0.invariant, $0.first, result) }
    case .event(let ordinal, let focus):
      let findings = result.findings
      guard let ordinal = ordinal ?? result.defects.first?.first.stamp.ordinal else { return [] }
      if !focus.isOfObject, focus.root == nil,
        let first = findings.first(where: { $0.finding.stamp.ordinal == ordinal })
      {
        return [Wanted(first.invariant, first.finding, result)]
      }
      return [Wanted(ordinal, focus)]
    }
  }
}
