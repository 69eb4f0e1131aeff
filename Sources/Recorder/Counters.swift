import KernelProbes
import RecordingFormat

/// What the kernel has counted for one run so far.
struct Counters {
  let probes: [Sidecar.Probe]
  let buffers: [Sidecar.Buffer]
  /// What nobody has taken out of the buffers yet, bytes.
  let unread: UInt64

  /// Reads the counts of a run's probes and buffers.
  init<Files: TracingFiles>(of tenancy: Tenancy<Files>, _ definitions: [ProbeDefinition]) {
    probes = Self.probes(tenancy, definitions)
    let statistics = Self.statistics(tenancy)
    buffers = statistics.map { Self.buffer($0.cpu, $0.counts) }
    unread = statistics.reduce(0) { $0 &+ ($1.counts["bytes"] ?? 0) }
  }

  /// Events that nobody has taken out of the buffers yet.
  var left: UInt64 { buffers.reduce(0) { $0 &+ ($1.entries ?? 0) } }
  /// Events that came into the buffers and were not overwritten there.
  var events: UInt64 { buffers.reduce(0) { $0 &+ ($1.entries ?? 0) &+ ($1.readEvents ?? 0) } }
  /// Hits of the probes, recorded or not: also those since the buffers were switched off.
  var hits: UInt64 { probes.reduce(0) { $0 &+ ($1.hits ?? 0) } }
  /// Hits that left no trace.
  var missed: UInt64 { probes.reduce(0) { $0 &+ ($1.missed ?? 0) } }
  /// Events that the buffers could not hold.
  var lost: UInt64 {
    buffers.reduce(0) { $0 &+ ($1.overrun ?? 0) &+ ($1.commitOverrun ?? 0) &+ ($1.droppedEvents ?? 0) }
  }

  /// Why the recording can't hold all that the buffers got, once its tool has ended: one whose disk is full may stop to
  /// read, and no page that is read later tells of what was lost since.
  var flaw: String? {
    left == 0 ? nil : "\(left) events were left in the kernel's buffers: is the disk full?"
  }

  /// `kprobe_profile` names events without their group, so that two runs' look alike; but it has them in the order of
  /// `kprobe_events`, which names the group. The profile's third column counts kretprobe misses as well.
  private static func probes<Files: TracingFiles>(
    _ tenancy: Tenancy<Files>, _ definitions: [ProbeDefinition]
  ) -> [Sidecar.Probe] {
    var counts: [String: (hits: UInt64, missed: UInt64)] = [:]
    // Another run may come or go between the reads: then they don't agree.
    for _ in 0..<10 where counts.isEmpty {
      let before = Tenancy.probes(tenancy.files)
      let lines = ((try? tenancy.files.read("kprobe_profile")) ?? "").split(separator: "\n")
      let after = Tenancy.probes(tenancy.files)
      guard before.count == lines.count, before.elementsEqual(after, by: ==) else { continue }
      for (probe, line) in zip(before, lines) where probe.group == "\(tenancy.name)" {
        let words = line.split(separator: " ")
        guard words.count == 3, words[0] == probe.event, let hits = UInt64(words[1]), let missed = UInt64(words[2])
        else { continue }
        counts[probe.event] = (hits, missed)
      }
    }
    return definitions.map { definition in
      let count = counts[definition.event]
      return Sidecar.Probe(
        event: definition.event, definition: definition.line, hits: count?.hits, missed: count?.missed)
    }
  }

  /// `per_cpu/cpuN/stats`: `overrun: 12`, `read events: 4711` …
  private static func statistics<Files: TracingFiles>(
    _ tenancy: Tenancy<Files>
  ) -> [(cpu: Int, counts: [Substring: UInt64])] {
    let folder = "\(tenancy.instance)/per_cpu"
    let processors = tenancy.files.list(folder).compactMap { Int($0.dropFirst(3)) }.sorted()
    return processors.compactMap { cpu in
      guard let text = try? tenancy.files.read("\(folder)/cpu\(cpu)/stats") else { return nil }
      let counts = text.split(separator: "\n").compactMap { line -> (Substring, UInt64)? in
        let parts = line.split(separator: ":")
        guard parts.count == 2, let value = UInt64(parts[1].drop { $0 == " " }) else { return nil }
        return (parts[0], value)
      }
      return (cpu, Dictionary(counts) { first, _ in first })
    }
  }

  private static func buffer(_ cpu: Int, _ counts: [Substring: UInt64]) -> Sidecar.Buffer {
    var buffer = Sidecar.Buffer(buffer: "rmap", cpu: cpu)
    buffer.entries = counts["entries"]
    buffer.overrun = counts["overrun"]
    buffer.commitOverrun = counts["commit overrun"]
    buffer.droppedEvents = counts["dropped events"]
    buffer.readEvents = counts["read events"]
    return buffer
  }
}
