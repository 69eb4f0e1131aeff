import Testing

@testable import TraceReading

/// Goal: what people paste is read as far as it can be trusted, and no further.
@Suite struct TextFileTests {
  private static let fork =
    "(anon_vma_fork+0x4/0x160) vma=0xff17d0993cb31e70 vm_start=0x400000 nr=-5 big=18446744073709551615"
  private static let kernel = """
    # tracer: nop
    #
    # entries-in-buffer/entries-written: 3/3   #P:2
    #
    #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
    #              | |         |   |||||     |         |
                  sh-187     [001] .....    12.798926: fork: \(fork)
              <idle>-0       [000] d..1.    12.798926: sched_switch: prev_comm=sh prev_pid=187
         a task-b-12 ( 7)    [001] .....    12.798999: fork_ret: (copy_process+0x1/0x2 <- anon_vma_fork) ret=-12

    """

  private struct Outcome {
    var file: TextFile?
    var items: [Read] = []
    var error: TraceReadingError?
    /// The payloads' 64-bit fields.
    var values: [[UInt64]] = []
  }

  private func read(_ text: String) -> Outcome {
    var outcome = Outcome()
    do throws(TraceReadingError) {
      let opened = Array(text.utf8).withUnsafeBytes { bytes in
        Result { () throws(TraceReadingError) in try Recording(copying: bytes) }
      }
      guard case .text(let file) = try opened.get() else { return outcome }
      outcome.file = file
      var stream = file.records()
      while let item = try stream.next() {
        outcome.items.append(Read(item))
        guard case .record(let record) = item else { continue }
        outcome.values.append(
          stride(from: 8, to: record.payload.count, by: 8).map {
            record.payload.loadUnaligned(fromByteOffset: $0, as: UInt64.self)
          })
      }
    } catch {
      outcome.error = error
    }
    return outcome
  }

  @Test func kernelText() throws {
    let outcome = read(Self.kernel)
    let file = try #require(outcome.file)
    #expect(outcome.error == nil)
    #expect(
      outcome.items == [
        .record(time: 12_798_926_000, cpu: 1, buffer: 0, id: 1),
        // The same microsecond, but a later line.
        .record(time: 12_798_926_001, cpu: 0, buffer: 0, id: 65_535),
        .record(time: 12_798_999_000, cpu: 1, buffer: 0, id: 2),
      ])
    let minus = { (value: Int64) in UInt64(bitPattern: value) }
    #expect(outcome.values == [[0xff17_d099_3cb3_1e70, 0x400000, minus(-5), .max], [], [minus(-12)]])
    let format = try #require(file.eventFormats.format(system: "rmap", name: "fork"))
    #expect(format.fields.map(\.name) == ["common_type", "common_pid", "vma", "vm_start", "nr", "big"])
    #expect(file.omissions == [])
    #expect(try #require(file.unnamedClock).contains("# clock: mono"))
    #expect(file.cpuCount == 2 && file.recordedCPUs == [0, 1])
  }

  @Test func otherTools() throws {
    let traceCommand = "cpus=2\n  sh-186 [001]  12.351309: fork:      \(Self.fork)\n"
    let nanoseconds = "cpus=2\n  sh-186 [001]  12.351309841: fork:      \(Self.fork)\n"
    let buffers = "cpus=2\n    sh-1 [000] 1.000001: a: (x) b=1\ninst:  sh-1 [000] 1.000002: a: (x) b=2\n"
    let perf = "  perf exec   190 [001]    13.413883:      rmap:fork: \(Self.fork)\n"
    let mail = "Hello,\nsee this:\n\n> > sh-1 [000] ..... 1.000001: a: (x) b=1\n"
    #expect(read(traceCommand).items == [.record(time: 12_351_309_000, cpu: 1, buffer: 0, id: 1)])
    #expect(read(nanoseconds).items == [.record(time: 12_351_309_841, cpu: 1, buffer: 0, id: 1)])
    #expect(read(perf).items == [.record(time: 13_413_883_000, cpu: 1, buffer: 0, id: 1)])
    #expect(try #require(read(perf).file).eventFormats.all[0].system == "rmap")
    let two = read(buffers)
    #expect(two.file?.bufferCount == 2)
    #expect(two.items.last == .record(time: 1_000_002_000, cpu: 0, buffer: 1, id: 1))
    #expect(read(mail).items.count == 1)
    #expect(read(traceCommand).file?.cpuCount == 2 && read(traceCommand).file?.recordedCPUs == [1])
    #expect(read(perf).file?.cpuCount == nil)
  }

  /// `perf record -g`: below each event stands who called.
  @Test func callChainsArePassedOver() {
    let chain =
      "\tffffffff8b2a1234 anon_vma_fork+0x4 ([kernel.kallsyms])\n\t   7f8b2 [unknown] ([unknown])\n"
      + "\t 55 std::run(int)+0x1 (/usr/bin/a:b)\n\n"
    let event = "sh   190 [001]    13.413883:      rmap:fork: \(Self.fork)\n"
    let outcome = read("# clock: mono\n" + event + chain + event + chain)
    #expect(outcome.items.count == 2)
    #expect(outcome.error == nil)
    // What is left of an event's line is none.
    for line in ["  deadbeef 190 [001] x rmap:unlink_ret: (a <- b)\n", "  dead [001] x rmap:unlink_ret: (a <- b)\n"] {
      #expect(read("# clock: mono\n" + event + line).error?.what == "line 3 is no event")
    }
  }

  /// Text that leaves out what is needed says which it is, and how to print it instead.
  @Test func otherDialectsAreNamed() throws {
    let plain = "sh-183   [001]    15.006488: a: (x) b=1\n"
    let texts = [
      ("sh-183   [001]    15.006488: fork:   __probe_ip=ffffffff819a0924 vma=0x1 ref=1\n", "(trace-cmd report -R)"),
      (
        "sh-183   [001]    15.006488:          a: (x) b=1\nsh-183   [001]    15.007221: (+733)   a: (x) b=1\n",
        "(trace-cmd report --ts-diff)"
      ),
      ("cpus=2\n      sh-183     1.....    15.006488: a:    (x) b=1\n", "(trace-cmd report -l, latency-format)"),
      (
        "# tracer: nop\n#\n      sh-183     1d..1.    15006488us+: a: (x) b=1\n",
        "(trace-cmd report -l, latency-format)"
      ),
      (
        "<!DOCTYPE html>\n<html>\n<script class=\"trace-data\">\n\(plain)</script>\n</html>\n",
        "an HTML page (systrace)"
      ),
    ]
    for (text, name) in texts {
      let error = try #require(read(text).error, "\(name)")
      #expect(error.kind == .unsupported)
      #expect(error.what.contains(name))
      #expect(["print it without -", "save what stands between"].contains { error.advice.hasPrefix($0) })
      #expect(error.description.hasSuffix(error.advice))
    }
    // Prose with a time in it is prose.
    #expect(read("It was seen at 12:30, after 15.5: once\n\(plain)").items.count == 1)
  }

  /// Thousands of lines of one CPU are hardly all there was.
  @Test func manyLinesOfOneCPU() {
    func text(_ count: Int) -> String { String(repeating: "sh-1 [000] ..... 1.000001: a: (x) b=1\n", count: count) }
    #expect(read(text(999)).file?.omissions == [])
    #expect(read(text(1000)).file?.omissions.first?.contains("`cpus=1`") == true)
    #expect(read("cpus=1\n" + text(1000)).file?.omissions == [])
    #expect(read("# entries-in-buffer/entries-written: 1000/1000   #P:1\n" + text(1000)).file?.omissions == [])
  }

  @Test func gaps() {
    func line(_ cpu: Int, _ time: Int) -> String { "sh-1 [00\(cpu)] ..... 1.00000\(time): a: (x) b=1\n" }
    func lost(_ cpu: Int, _ count: UInt64?, _ after: UInt64?, _ before: UInt64) -> Read {
      .lost(cpu: cpu, count: count, after: after.map { 1_000_000_000 + $0 * 1000 }, before: before)
    }
    let at = { (time: UInt64) in 1_000_000_000 + time * 1000 }
    let text =
      line(0, 1) + line(1, 2) + "CPU:1 [LOST 7 EVENTS]\n" + line(0, 3) + line(1, 4) + "CPU:0 [EVENTS DROPPED]\n"
      + line(0, 5) + "CPU:0 [12 EVENTS DROPPED]\n"
    #expect(
      read(text).items.filter { if case .lost = $0 { true } else { false } } == [
        lost(1, 7, 2, at(4)), lost(0, nil, 3, at(5)), lost(0, 12, 5, .max),
      ])
    #expect(read(text).items[2] == lost(1, 7, 2, at(4)))
    let started = line(0, 1) + "##### CPU 1 buffer started ####\n" + line(1, 4)
    #expect(read(started).items.first == lost(1, nil, nil, at(4)))
  }

  @Test func clockAndCountThatTheTextNames() throws {
    #expect(read("# clock: mono\n" + Self.kernel).file?.omissions == [])
    #expect(read("local global [mono] boot\n" + Self.kernel).file?.clocks == ["mono"])
    #expect(read("# clock: local\n" + Self.kernel).file?.clocks == ["local"])
    // The order of one CPU's events is sure with any clock.
    #expect(read("sh-1 [000] ..... 1.000001: a: (x) b=1\n").file?.omissions == [])
    let cut = Self.kernel.split(separator: "\n").dropLast().joined(separator: "\n") + "\n# clock: mono\n"
    #expect(read(cut).file?.omissions == ["the text announces 3 events, but has 2"])
  }

  @Test func whatIsDamagedNamesItsLine() {
    func error(_ text: String) -> String? { read("# clock: mono\n" + text).error?.what }
    let line = "sh-1 [000] ..... 1.000001: fork: \(Self.fork)\n"
    #expect(error(line + line.dropLast()) == "line 3")
    #expect(error(line + "Best regards\n") == "line 3 is no event")
    #expect(
      error(line + line + line.replacing("nr=-5", with: "nr=-x"))
        == "line 4: fork has other fields or values than in line 2")
    #expect(
      error(line + line.replacing(" nr=-5", with: "")) == "line 3: fork has other fields or values than in line 2")
    #expect(
      error(line + line.replacing("0x400000", with: "0x11112222333344445"))
        == "line 3: fork has other fields or values than in line 2")
    #expect(error(line + String(repeating: "x", count: 70_000) + "\n") == "line 3 has 70000 bytes")
  }

  @Test func noLineOfAnEventIsNoRecording() {
    for text in ["hello\n", "sh-1 [000] hello: there\n", "a-1 [00x] 1.0: a: (x) b=1\n", "[000] 1.0: a: (x) b=1\n"] {
      let outcome = read(text)
      #expect(outcome.file == nil && outcome.error?.kind == .notATrace, "\(text)")
    }
  }

  @Test func clockThatGoesBackIsCounted() throws {
    let file = try #require(read("a-1 [000] 1.5: a: (x) b=1\na-1 [000] 1.4: a: (x) b=1\n").file)
    var stream = file.records()
    while try stream.next() != nil {}
    #expect(stream.timeRegressions == 1)
  }
}
