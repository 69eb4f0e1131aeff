import CLinux
import Glibc
import KernelProbes

/// Moves the pages of a run's ring buffers out of the machine while it records, so that all but the last milliseconds of
/// the recording survives the kernel.
///
/// Two threads for each CPU: one moves its pages; the other runs on that CPU and writes into the instance's
/// `trace_marker` every ``heartbeatMS``, so that the stream of an idle CPU, too, shows up to what time it is complete.
/// This is a process of its own, which ``RecordingTool`` starts and stops as it does trace-cmd.
public enum PageStream {
  /// How often each CPU's heartbeat is written, ms.
  static let heartbeatMS = 50
  private static let pageSize = sysconf(CInt(_SC_PAGESIZE))

  /// Streams until SIGINT, then moves what is left. `folder` holds `head` and `cpu0`, `cpu1` …: files, or devices of
  /// another machine; the head is complete before the first event is recorded.
  ///
  /// - Throws: ``RecordingFailure`` if a page could not be moved.
  public static func run(name: String, tracefs: String, folder: String, buffer: Int) throws(RecordingFailure) {
    StopSignals.catchAll()
    let files = TraceFS(root: tracefs)
    let instance = "instances/\(name)"
    do {
      try files.write("mono", to: "\(instance)/trace_clock")
      try files.write("\(buffer)", to: "\(instance)/buffer_size_kb")
      let cpus = files.list("\(instance)/per_cpu").count
      let head = try TraceHead(
        files, instance: instance, group: name, release: firstLine("/proc/sys/kernel/osrelease") ?? "",
        symbols: wholeFile("/proc/kallsyms") ?? "", cpus: cpus, pageSize: pageSize)
      let target = try opened(folder + "/head", O_WRONLY | O_CREAT | O_TRUNC)
      try write(head.bytes[...], to: target, folder + "/head")
      close(target)
      let movers = try (0..<cpus).map { cpu throws(RecordingFailure) in
        try PageMover("\(tracefs)/\(instance)/per_cpu/cpu\(cpu)/trace_pipe_raw", folder + "/cpu\(cpu)")
      }
      try files.write("1", to: "\(instance)/events/\(name)/enable")
      let threads = try movers.map { mover throws(RecordingFailure) in try Thread { mover.move() } }
      let marker = "\(tracefs)/\(instance)/trace_marker"
      for cpu in 0..<cpus { _ = try Thread { beat(cpu, marker) } }
      for thread in threads { thread.join() }
      for mover in movers { if let failure = mover.failure { throw failure } }
    } catch let error as TracingError {
      throw RecordingFailure(.system, "\(error)")
    } catch {
      throw error as? RecordingFailure ?? RecordingFailure(.system, "\(error)")
    }
  }

  /// A CPU without a heartbeat proves less; its recording is complete all the same.
  private static func beat(_ cpu: Int, _ marker: String) {
    var set = cpu_set_t()
    withUnsafeMutableBytes(of: &set) { $0[cpu / 8] |= 1 << (cpu % 8) }
    let descriptor = open(marker, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0, sched_setaffinity(0, UInt(MemoryLayout<cpu_set_t>.size), &set) == 0 else { return }
    while !StopSignals.haveCome {
      // EBADF: tracing is off by now.
      if Glibc.write(descriptor, "heartbeat", 9) < 0, errno != EBADF, errno != EINTR { return }
      usleep(UInt32(heartbeatMS) * 1000)
    }
  }

  static func opened(_ path: String, _ flags: CInt) throws(RecordingFailure) -> CInt {
    let descriptor = open(path, flags | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw RecordingFailure(.output, "\(path): \(lastError())") }
    return descriptor
  }

  static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt, _ path: String) throws(RecordingFailure) {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count < 0, errno == EAGAIN {
        usleep(500)
      } else if count == 0 || errno != EINTR {
        throw RecordingFailure(.output, "\(path): \(lastError())")
      }
    }
  }

  /// One CPU's pages, from the kernel to a file. `@unchecked Sendable`: its thread alone touches it until it was joined.
  private final class PageMover: @unchecked Sendable {
    private let (source, target): (CInt, CInt)
    private let path: String
    /// Why it ended too early; read when its thread has been joined.
    private(set) var failure: RecordingFailure?

    init(_ from: String, _ path: String) throws(RecordingFailure) {
      source = try opened(from, O_RDONLY | O_NONBLOCK)
      target = try opened(path, O_WRONLY | O_CREAT | O_TRUNC)
      self.path = path
    }

    /// A page of which only a part is filled is taken too: what waits in the buffer dies with the kernel. Each has its
    /// full size in the file, whatever of it is filled.
    func move() {
      // Its pages must leave even if everyone wants the CPUs.
      var urgent = sched_param(sched_priority: 1)
      sched_setscheduler(0, SCHED_FIFO, &urgent)
      var page = [UInt8](repeating: 0, count: pageSize)
      while true {
        let isLast = StopSignals.haveCome
        let size = read(source, &page, pageSize)
        if size > 0 {
          for index in size..<pageSize { page[index] = 0 }
          do { try write(page[...], to: target, path) } catch { return failure = error }
        } else if size < 0, errno != EAGAIN, errno != EINTR {
          return failure = RecordingFailure(.system, "reading pages for \(path): \(lastError())")
        } else if isLast {
          close(target)
          return
        } else {
          usleep(1000)
        }
      }
    }
  }

  /// A thread that runs a closure.
  private struct Thread {
    private let thread: pthread_t

    init(_ work: @escaping @Sendable () -> Void) throws(RecordingFailure) {
      let box = Unmanaged.passRetained(Work(run: work))
      var thread = pthread_t()
      let code = pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, box.toOpaque())
      guard code == 0 else {
        box.release()
        throw RecordingFailure(.system, "no thread: \(String(cString: strerror(code)))")
      }
      self.thread = thread
    }

    func join() { pthread_join(thread, nil) }
  }

  private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }
}
