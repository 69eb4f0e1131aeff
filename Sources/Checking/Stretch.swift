import RmapEvents
package import TraceReading

/// A stretch of a recording without a gap: its events, decoded, and what ended it.
package final class Stretch {
  /// Most records in one stretch: few enough for its events to stay in the cache, and for a second thread to begin
  /// early.
  static let recordsMax = 512

  package var events = EventBatch()
  package var ending = Ending.full

  /// Without events; ``StretchReader/read(into:)`` fills it.
  package init() {}

  /// What ends a stretch.
  package enum Ending {
    /// It is as long as a stretch may be.
    case full
    /// After it comes an event of ours that makes no sense, of that level.
    case malformed(RecordingLevel)
    /// After it records are missing.
    case lost(LostEvents)
    /// So does the recording.
    case over
    /// The recording can't be read further.
    case failed(TraceReadingError)

    /// Whether no stretch comes after it.
    package var isLast: Bool {
      switch self {
      case .over, .failed: true
      default: false
      }
    }
  }
}

/// Cuts a recording into stretches.
package struct StretchReader<Source: RecordSource & ~Copyable>: ~Copyable {
  private var source: Source
  package private(set) var intake: Intake

  package init(_ source: consuming Source, _ intake: Intake) {
    self.source = source
    self.intake = intake
  }

  /// How often a record had an earlier time than one that came before it, so far.
  package var timeRegressions: UInt64 { source.timeRegressions }

  /// Where each CPU's records end, so far.
  var ends: [RecordCount] { source.recordCounts }

  /// Fills a stretch with the next one of the recording.
  package mutating func read(into stretch: Stretch) {
    stretch.events.removeAll()
    do throws(TraceReadingError) {
      stretch.ending = try fill(&stretch.events)
    } catch {
      stretch.ending = .failed(error)
    }
  }

  private mutating func fill(_ events: inout EventBatch) throws(TraceReadingError) -> Stretch.Ending {
    for _ in 0..<Stretch.recordsMax {
      switch try source.next() {
      case .record(let record):
        if !intake.take(record, into: &events) { return .malformed(intake.malformedLevel) }
      case .lost(let lost):
        intake.forget()
        return .lost(lost)
      case nil: return .over
      }
    }
    return .full
  }
}

extension StretchReader where Source: ~Copyable {
  /// Hands the whole recording to the replay; returns why it could not be read to its end.
  mutating func run(into replay: inout Replay) -> TraceReadingError? {
    let stretch = Stretch()
    while true {
      read(into: stretch)
      replay.take(stretch)
      switch stretch.ending {
      case .over: return nil
      case .failed(let error): return error
      case .full, .malformed, .lost: continue
      }
    }
  }
}
