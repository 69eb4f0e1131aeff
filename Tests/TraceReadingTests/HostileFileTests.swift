import TestSupport
import Testing

@testable import TraceReading

/// Files that are cut or changed: an error or a gap, never a trap, a hang, or silence.
@Suite struct HostileFileTests {
  @Test func truncationAnywhereIsNoticed() {
    for bytes in SampleTrace.small.everyFile {
      let file = TemporaryFile(bytes)
      #expect(readAll(file).error == nil)
      for size in (0..<bytes.count).reversed() {
        file.truncate(to: size)
        #expect(readAll(file).error != nil, "cut to \(size) of \(bytes.count) bytes")
      }
    }
  }

  @Test func changedBytesNeverTrap() {
    for bytes in SampleTrace.small.everyFile {
      let file = TemporaryFile(bytes)
      for (index, byte) in bytes.enumerated() {
        file.write([byte ^ (index % 2 == 0 ? 0x80 : 0xff)], at: index)
        _ = readAll(file)
        file.write([byte], at: index)
      }
    }
  }

  @Test func changedNumbersNeverTrap() {
    var random = SeededGenerator(seed: 3)
    for bytes in SampleTrace.small.everyFile {
      let file = TemporaryFile(bytes)
      for _ in 0..<500 {
        let index = Int.random(in: 0..<(bytes.count - 8), using: &random)
        let size = [2, 4, 8].randomElement(using: &random) ?? 8
        var changed = Bytes()
        changed.number(UInt64.max >> UInt64.random(in: 0..<64, using: &random))
        file.write(Array(changed.all.prefix(size)), at: index)
        _ = readAll(file)
        file.write(Array(bytes[index..<(index + 8)]), at: index)
      }
    }
  }

  @Test func messages() {
    var big = SampleTrace.rich.format6()
    big[12] = 1
    var newer = SampleTrace.rich.format6()
    newer[10] = UInt8(ascii: "9")
    let long = SampleTrace.rich.format6()
    let cases: [([UInt8], String)] = [
      (
        [],
        "empty file; the recorder wrote nothing: check its exit status and the free"
          + " disk space"
      ),
      (
        Array("PERFILE1 and more".utf8),
        "not a recording: the file begins with other bytes at byte 0; give a trace.dat of"
          + " trace-cmd (format 6 or 7), a perf.data of perf, or ftrace's text"
      ),
      (
        big,
        "unsupported: a recording of a big-endian machine at byte 12; record with trace-cmd 2.6 to 3.3,"
          + " or perf record -a, on a little-endian machine"
      ),
      (
        newer,
        "unsupported: file format \"9\" at byte 10; record with trace-cmd 2.6 to 3.3, or"
          + " perf record -a, on a little-endian machine"
      ),
      (
        Array(long.dropLast()),
        "truncated: data of CPU 1 of buffer \"second\" (needs 256 bytes, has 255) at byte"
          + " \(long.count - 256); copy the recording again; if the original is as short, record"
          + " again"
      ),
    ]
    for (bytes, message) in cases {
      let text = readAll(bytes).error?.description ?? "no error"
      #expect(text.replacing(/fd\/[0-9]+/, with: "fd/") == message)
    }
  }

  @Test func pathsThatAreNoFiles() {
    func kind(_ path: String) -> TraceReadingError.Kind? {
      do throws(TraceReadingError) {
        _ = try TraceFile(path: path)
        return nil
      } catch {
        return error.kind
      }
    }
    #expect(kind("/nonexistent/trace.dat") == .cannotOpen(errno: 2))
    #expect(kind("/") == .cannotOpen(errno: 22))
  }

  /// The places of numbers in a file, found by the numbers themselves.
  private func place(of number: UInt64, in bytes: [UInt8]) throws -> Int {
    var wanted = Bytes()
    wanted.number(number)
    return try #require(
      (0...(bytes.count - 8)).last { bytes[$0..<($0 + 8)].elementsEqual(wanted.all) })
  }

  @Test func optionsInACircle() throws {
    var bytes = Bytes()
    bytes.all = SampleTrace.rich.format7()
    let start = bytes.all[24..<32].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    // The first section's DONE option is its last; the second section begins where it points to.
    let pages = try open(bytes.all).buffers[0].cpus[0]
    let second = try place(of: pages.offset, in: bytes.all)
    let next = try #require(
      (Int(start)..<second).first { index in
        bytes.all[index..<(index + 6)].elementsEqual([0, 0, 8, 0, 0, 0])
      })
    bytes.patch(start, at: UInt64(next + 6))
    #expect(readAll(bytes.all).error?.what == "the options sections form a circle")
  }

  @Test func cpusThatShareData() throws {
    var bytes = Bytes()
    bytes.all = SampleTrace.rich.format6()
    let cpus = try open(bytes.all).buffers[0].cpus
    let entry = UInt64(try place(of: cpus[0].offset, in: bytes.all))
    // All three CPUs get the whole file.
    for cpu in 0..<UInt64(3) {
      bytes.patch(UInt64(0), at: entry + 16 * cpu)
      bytes.patch(bytes.count, at: entry + 16 * cpu + 8)
    }
    #expect(readAll(bytes.all).error?.what == "the data of the CPUs overlap")
  }

  @Test func pageOfZeros() {
    var page = PageBuilder(at: 5)
    page.event(100)
    let sample = SampleTrace(cpus: [[page, PageBuilder(at: 0)]])
    for bytes in sample.everyFile {
      let (items, error) = readAll(bytes)
      #expect(items.count == 1)
      #expect(error?.what == "a page of zeros, CPU 0 of buffer 0")
    }
  }

  /// A page whose length is lost would take its records with it.
  @Test func pageWithoutRecords() {
    var page = PageBuilder(at: 5)
    page.event(100)
    let (early, late) = (PageBuilder(at: 4), PageBuilder(at: 6))
    for pages in [[page, late], [early, page], [page, late, page]] {
      for bytes in SampleTrace(cpus: [pages]).everyFile {
        #expect(readAll(bytes).error?.what == "a page without records, CPU 0 of buffer 0")
      }
    }
    let (items, error) = readAll(SampleTrace(cpus: [[page, PageBuilder(at: 6, loss: .counted(3)), page]]).format6())
    #expect(items.count == 3 && error == nil, "one that notes a loss is a gap")
  }

  /// Of 1 TiB of zeros, which a sparse file has for nothing, only the first are read.
  @Test func zerosBehindTheSections() {
    for bytes in SampleTrace.rich.everyFile.dropFirst() {
      for size in [16, 4096, 1 << 40] {
        let file = TemporaryFile(bytes)
        file.truncate(to: bytes.count + size)
        let error = readAll(file).error
        #expect(error?.what == "section 0 of no bytes; zeros or something else was appended to the file?")
        #expect(error?.offset == UInt64(bytes.count))
      }
    }
  }

  @Test func aSectionBehindTheNames() {
    var bytes = Bytes()
    bytes.all = SampleTrace.rich.format7()
    bytes.number(UInt16(3))
    bytes.number(UInt16(0))
    bytes.number(UInt32(0))
    bytes.number(UInt64(0))
    #expect(readAll(bytes.all).error?.what == "the names of the sections")
  }

  /// Pages that a wrong table of CPUs leaves out must not be missing without a word.
  @Test func pagesOfNoCPU() throws {
    let sound = SampleTrace.rich.format6()
    #expect(try open(sound).omissions == [])
    let cpus = try open(sound).buffers.flatMap(\.cpus).filter { $0.size > 0 }
    for cpu in cpus {
      let entry = UInt64(try place(of: cpu.offset, in: sound))
      for (offset, size) in [(cpu.offset, cpu.size - 256), (cpu.offset + 256, cpu.size - 256), (cpu.offset, 0)] {
        var bytes = Bytes()
        bytes.all = sound
        bytes.patch(offset, at: entry)
        bytes.patch(size, at: entry + 8)
        #expect(try open(bytes.all).omissions.count == 1, "CPU \(cpu.cpu) at \(offset), \(size) bytes")
      }
    }
  }

  @Test func chunkThatIsABomb() throws {
    let frame = SampleTrace.Packing.zstdBomb(size: 1 << 20)
    var chunk = Bytes()
    chunk.number(UInt32(1))
    chunk.block(frame, UInt32.self)
    var bytes = Bytes()
    bytes.all = chunk.all
    for size in [UInt32(1) << 20, .max, 0] {
      var data = Bytes()
      data.number(UInt32(1))
      data.number(UInt32(frame.count))
      data.number(size)
      let file = TemporaryFile(data.all + frame)
      var cpu = CPUData(cpu: 0, offset: 0, size: UInt64(12 + frame.count))
      cpu.chunkCount = 0
      let mapped = try withExtendedLifetime(file) { try MappedFile(path: file.path) }
      #expect(throws: TraceReadingError.self) { try cpu.verify(in: mapped, "data") }
    }
  }

  @Test func chunkOfAnotherSize() {
    for packing in [SampleTrace.Packing.zstd, .zlib] {
      for size in [255, 257] {
        let content = [UInt8](repeating: 1, count: 256)
        let packed = Array(packing.packed(content).dropFirst(8))
        let output = OwnedBytes(count: size)
        #expect(throws: TraceReadingError.self) {
          try packed.withUnsafeBytes { bytes in
            try Decompressor(packing == .zstd ? .zstd : .zlib).decompress(
              bytes, into: output.bytes, "a chunk", at: 0)
          }
        }
      }
    }
  }
}
