import Glibc

/// Whether there are threads and memory for a run at all. The runtime tries for ever to start a thread that it does not get
/// (libdispatch, `_dispatch_root_queue_poke_slow`), and ends with a signal where memory is refused: so it is asked first.
enum Headroom {
  /// Address space beside the threads' stacks, bytes; a check of a small recording takes as much.
  private static let memory = 64 << 20

  /// What is missing; nil if nothing is.
  static func lack() -> String? {
    // One for each processor, and those that wait for signals, for timers, and read ahead.
    let wanted = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) + 3
    var gate = pthread_mutex_t()
    pthread_mutex_init(&gate, nil)
    pthread_mutex_lock(&gate)
    var threads: [pthread_t] = []
    var hasMemory = false
    withUnsafeMutablePointer(to: &gate) { gate in
      while threads.count < wanted, let thread = waitingThread(gate) { threads.append(thread) }
      let room = mmap(nil, memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
      if let room, room != MAP_FAILED {
        hasMemory = true
        munmap(room, memory)
      }
      pthread_mutex_unlock(gate)
      for thread in threads { pthread_join(thread, nil) }
    }
    pthread_mutex_destroy(&gate)
    if threads.count < wanted { return "the system gives \(threads.count) of \(wanted) threads: see ulimit -u and -v" }
    return hasMemory ? nil : "the system gives no \(memory >> 20) MiB of memory: see ulimit -v and -d"
  }

  /// It ends once the gate is open.
  private static func waitingThread(_ gate: UnsafeMutablePointer<pthread_mutex_t>) -> pthread_t? {
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { gate in
        let gate = gate?.assumingMemoryBound(to: pthread_mutex_t.self)
        if let gate {
          pthread_mutex_lock(gate)
          pthread_mutex_unlock(gate)
        }
        return nil
      }, gate)
    return status == 0 ? thread : nil
  }
}
