import RecordingAudit
import RecordingFormat
import RmapEvents
import RmapGraph
internal import TraceReading

/// Whether a recording holds what all tasks did on all CPUs. One that was filtered proves nothing by what is missing: the
/// tools that filter (`trace-cmd record -P`, `-F`, `-M`, `split -C`, `report --cpu`, set_event_pid, an event's filter) leave
/// no word of it in the file, but what was left out shows in what is there.
struct Wholeness {
  private let file: any RecordedFile
  private let sidecar: Sidecar?

  init(_ file: any RecordedFile, _ sidecar: Sidecar?) {
    self.file = file
    self.sidecar = sidecar
  }

  /// `rmapcheck record` has no filters, and says so: nothing else needs to show it. A witness is a selection, and says so,
  /// too: what it was selected from was looked at then.
  var isKnown: Bool { sidecar?.recorder?.wholeSystem == true || sidecar?.reduced != nil }

  /// Why events are missing at unknown places, one line each. `ends` are the CPUs' counts of a file that is read to its end
  /// (`isWhole`).
  func flaws(of replay: borrowing Replay, _ ends: [RecordCount], isWhole: Bool) -> [String] {
    [
      isKnown ? nil : onlyCPU, isWhole ? shortfall(ends) : nil, someTasksOnly(replay),
      isKnown ? nil : unseenBirth(replay), isKnown ? nil : leftOut(replay),
    ]
    .compactMap { $0 }
  }

  /// Every VMA comes from vm_area_alloc or vm_area_dup, and no fault of the reverse mapping changes that: where a birth or
  /// a death is missing, its task was left out, and with it whatever else it did, before that, too.
  private func unseenBirth(_ replay: borrowing Replay) -> String? {
    replay.contradictions.first(of: .vmaBirth).map {
      "a VMA appears at event \($0.at.ordinal) without having been allocated, or is allocated twice: what some task or CPU "
        + "did was not recorded"
    }
  }

  private func leftOut(_ replay: borrowing Replay) -> String? {
    replay.leftOut.map { sign in
      let what =
        switch sign.what {
        case .ksmPage:
          "a page of KSM goes from a VMA at event \(sign.at.ordinal) that nobody was seen to map there: ksmd"
        case .avc:
          "an AVC is used again at event \(sign.at.ordinal) for another mm, and nobody was seen to unlink it: some task"
        }
      return what + " was not recorded, and whatever else it did neither"
    }
  }

  /// One CPU of several.
  private var onlyCPU: String? {
    let cpus = file.recordedCPUs
    guard let count = file.cpuCount, count > 1, cpus.count == 1, let cpu = cpus.first else { return nil }
    return "all records are of CPU \(cpu), of \(count) CPUs: what was done on the others was not recorded, or left out"
  }

  /// The kernel's own count of a CPU's events, against those in the file. It is read while the recorder may still be at
  /// work: what that takes out meanwhile is counted as unread and as read, so only the larger of both is sure.
  private func shortfall(_ ends: [RecordCount]) -> String? {
    var read: [UInt16: UInt64] = [:]
    for end in ends { read[end.cpu, default: 0] += end.count }
    var sure: [UInt16: UInt64] = [:]
    for statistics in file.cpuStatistics {
      guard let cpu = UInt16(exactly: statistics.cpu) else { continue }
      sure[cpu, default: 0] &+= max(statistics.entries ?? 0, statistics.readEvents ?? 0)
    }
    let short = sure.filter { read[$0.key, default: 0] < $0.value }.sorted { $0.key < $1.key }
    guard let first = short.first else { return nil }
    return
      "the file holds \(read[first.key, default: 0]) of the \(counted(first.value, "record")) that the kernel counted on "
      + "CPU \(first.key): others are missing at places that are not marked"
  }

  /// Longest, ns, that a child waits for its turn on a machine with little to do, and on one with much.
  private static let patience: UInt64 = 10_000_000
  private static let longPatience: UInt64 = 1_000_000_000

  private func silent(in replay: borrowing Replay, for patience: UInt64) -> [SilentMM] {
    if isKnown { return [] }
    let last = replay.intake.lastTime
    return replay.silentMMs.filter { $0.isGone || last - min(last, $0.lastForked) >= patience }
  }

  /// The first fork whose child does not show, though the recording goes on: that is no proof that it was left out, but
  /// nothing behind it is proved either.
  func firstSilent(of replay: borrowing Replay) -> SilentMM? { silent(in: replay, for: Self.patience).first }

  /// What is said of children that can't have done nothing. Where pages are recorded each shows itself at once: when it
  /// returns to user space it writes to its stack, which is write-protected since the fork. Elsewhere it may wait for as
  /// long as it likes; but it does not go, and its mm with it, without having been seen.
  private func someTasksOnly(_ replay: borrowing Replay) -> String? {
    let isSure = replay.level >= .pages && !replay.childrenHaveActed
    let silent = silent(in: replay, for: isSure ? Self.patience : Self.longPatience)
      .filter { $0.isGone || replay.level >= .pages }
    guard let first = silent.first else { return nil }
    return
      counted(silent.count, "forked process", plural: "forked processes")
      + " (the first at event \(first.forked.ordinal)) did nothing that was recorded: this is a recording of some tasks "
      + "only; record the whole system, without -P, -F or set_event_pid"
  }
}
