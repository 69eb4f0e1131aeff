import TestSupport
import Testing

@testable import TraceReading

/// perf.data and text that are cut or changed: an error, a gap or a shorter excerpt, never a trap or a hang.
@Suite struct HostilePerfTests {
  /// Reads to the end; nil if that was reached.
  private func error(_ bytes: [UInt8]) -> TraceReadingError? {
    do throws(TraceReadingError) {
      let opened = bytes.withUnsafeBytes { bytes in
        Result { () throws(TraceReadingError) in try Recording(copying: bytes) }
      }
      switch try opened.get() {
      case .traceData(let file): try drain(file.records())
      case .perfData(let file): try drain(file.records())
      case .text(let file): try drain(file.records())
      }
      return nil
    } catch {
      return error
    }
  }

  private func drain<Source: RecordSource & ~Copyable>(_ source: consuming Source) throws(TraceReadingError) {
    var count = 0
    while try source.next() != nil { count += 1 }
    precondition(count < 100_000, "the stream does not end")
  }

  private static func sample(compressed: Bool) -> SamplePerf {
    var sample = SamplePerf()
    sample.formats = [SampleTrace.format("e", id: 100)]
    sample.events = [.init(config: 100, ids: [10, 11])]
    let samples = [SamplePerf.sample(1), SamplePerf.sample(2, cpu: 1), SamplePerf.lost(1, at: 3, cpu: 0)]
    sample.isCompressed = compressed
    sample.records =
      (compressed ? [SamplePerf.compressed(samples)] : samples) + [SamplePerf.round, SamplePerf.lostSamples(1, id: 11)]
    return sample
  }

  private static let text = Array(
    "# clock: mono\nsh-1 [000] ..... 1.000001: a: (x) b=1 c=0x2\nCPU:0 [LOST 3 EVENTS]\nsh-1 [001] 1.2: a: (x) b=1 c=2\n"
      .utf8)

  private static let all = [
    sample(compressed: false).file(), sample(compressed: true).file(), sample(compressed: false).pipe(),
    sample(compressed: true).pipe(), text,
  ]

  @Test(arguments: [false, true]) func truncationOfAFileIsNoticed(compressed: Bool) {
    let bytes = Self.sample(compressed: compressed).file()
    #expect(error(bytes) == nil)
    for size in 0..<bytes.count { #expect(error(Array(bytes[..<size])) != nil, "cut to \(size)") }
  }

  /// The one exception is what the stream itself can't tell: a cut behind a round.
  @Test func truncationOfAPipeIsNoticedButAtTheEndOfARound() {
    let sample = Self.sample(compressed: false)
    let bytes = sample.pipe()
    let round = bytes.count - SamplePerf.lostSamples(1, id: 11).count
    #expect(error(bytes) == nil)
    let unnoticed = (0..<bytes.count).filter { error(Array(bytes[..<$0])) == nil }
    #expect(unnoticed == [round])
  }

  @Test func truncationOfTextWithinALineIsNoticed() {
    let ends = Self.text.indices.filter { Self.text[$0] == 0x0a }.map { $0 + 1 }
    let first = ends[1]
    for size in first..<Self.text.count where !ends.contains(size) {
      #expect(error(Array(Self.text[..<size])) != nil, "cut to \(size)")
    }
  }

  @Test func changedBytesNeverTrap() {
    for bytes in Self.all {
      var changed = bytes
      for index in bytes.indices {
        changed[index] ^= index % 2 == 0 ? 0x80 : 0xff
        _ = error(changed)
        changed[index] = bytes[index]
      }
    }
  }

  @Test func changedNumbersNeverTrap() {
    var random = SeededGenerator(seed: 4)
    for bytes in Self.all.dropLast() {
      for _ in 0..<300 {
        var changed = Bytes()
        changed.all = bytes
        let index = Int.random(in: 0..<(bytes.count - 8), using: &random)
        changed.patch(UInt64.max >> UInt64.random(in: 0..<64, using: &random), at: UInt64(index))
        _ = error(changed.all)
      }
    }
  }

  /// A few bytes that claim a megabyte of records, again and again.
  @Test func compressedBombIsRefused() {
    var sample = SamplePerf()
    sample.isCompressed = true
    let bomb = [0x28, 0xb5, 0x2f, 0xfd] + SampleTrace.Packing.zstdBomb(size: 120_000)
    sample.records = [SamplePerf.record(81, bomb), SamplePerf.round]
    #expect(error(sample.file())?.kind == .damaged || error(sample.file())?.kind == .decompression)
  }

  @Test func messages() {
    func text(_ change: (inout SamplePerf) -> Void) -> String? {
      var sample = Self.sample(compressed: false)
      change(&sample)
      return error(sample.file())?.what
    }
    #expect(
      text { $0.events[0].sampleType &= ~(1 << 7) }
        == "perf samples of tracepoints without their CPU (record the whole system, -a)")
    #expect(text { $0.events[0].flags |= 1 << 27 } == "a perf.data that was written backward (--overwrite)")
    #expect(text { $0.extraFeatures = [(24, [])] } == "a part of a perf.data directory (perf record --threads)")
    #expect(text { $0.records.insert(SamplePerf.sample(3, id: 77), at: 0) } == "a perf sample of an unknown event, 77")
    #expect(
      text { $0.records.insert(SamplePerf.sample(3, type: 9), at: 0) }
        == "a perf sample of event 9 on CPU 0 that is said to be of 100")
    #expect(error(Array("2ELIFREP........".utf8))?.what == "a perf.data of a big-endian machine")
  }
}
