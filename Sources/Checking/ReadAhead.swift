import Dispatch
import Glibc
internal import TraceReading

/// Reads and decodes a recording on a thread of its own, a few stretches ahead of the thread that judges them.
///
/// The stretches go round in a ring: the reader fills them in turn, the judge takes them in the same order. So what
/// is judged, and in which order, does not depend on the threads.
enum ReadAhead {
  /// How many stretches the reader may be ahead.
  private static let depth = 8

  /// Hands the whole recording to the replay; returns why it could not be read to its end.
  static func run<Source: RecordSource & ~Copyable>(
    _ reader: inout StretchReader<Source>, into replay: inout Replay
  ) -> TraceReadingError? {
    let ring = Ring(depth)
    return withUnsafeMutablePointer(to: &reader) { reader in
      let place = Unshared(reader)
      let thread = BesideThread {
        var index = 0
        repeat { index = ring.fill(index) { place.pointer.pointee.read(into: $0) } } while index >= 0
      }
      // Without a second thread, the reader's turn comes when the judge has to wait.
      guard let thread else { return reader.pointee.run(into: &replay) }
      defer { thread.join() }
      var index = 0
      while true {
        let stretch = ring.awaitFull(index)
        replay.take(stretch)
        let ending = stretch.ending
        ring.giveBack()
        index += 1
        switch ending {
        case .over: return nil
        case .failed(let error): return error
        case .full, .malformed, .lost: continue
        }
      }
    }
  }

  /// Stretches that go round between two threads. A semaphore counts the full ones, another the empty ones; a
  /// stretch belongs to the thread that has waited for it.
  private final class Ring: @unchecked Sendable {
    private let stretches: [Stretch]
    private let full = DispatchSemaphore(value: 0)
    private let empty: DispatchSemaphore
    /// How many stretches the judge gives back at once. Each waking of the reader is a call of the system: so the reader
    /// is woken for half of the ring, not for every stretch.
    private let givenBackAtOnce: Int
    /// How many stretches the judge has used and not given back; its thread alone looks at it.
    private var used = 0

    init(_ depth: Int) {
      givenBackAtOnce = max(1, depth / 2)
      stretches = (0..<depth).map { _ in Stretch() }
      // Made with 0 and raised: a semaphore must not end lower than it began.
      empty = DispatchSemaphore(value: 0)
      for _ in 0..<depth { empty.signal() }
    }

    /// The reader's turn; returns the next index, or -1 after the last stretch.
    func fill(_ index: Int, _ body: (Stretch) -> Void) -> Int {
      empty.wait()
      let stretch = stretches[index % stretches.count]
      body(stretch)
      let isLast = stretch.ending.isLast
      full.signal()
      return isLast ? -1 : index + 1
    }

    /// The judge's turn.
    func awaitFull(_ index: Int) -> Stretch {
      full.wait()
      return stretches[index % stretches.count]
    }

    /// The judge has used a stretch. It never keeps so many that the reader can't go on.
    func giveBack() {
      used += 1
      guard used == givenBackAtOnce else { return }
      used = 0
      for _ in 0..<givenBackAtOnce { empty.signal() }
    }
  }

  /// A pointer that only the thread it is handed to uses until that has been joined.
  private struct Unshared<Value: ~Copyable>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Value>

    init(_ pointer: UnsafeMutablePointer<Value>) { self.pointer = pointer }
  }
}

/// A thread of the system. Not a task: it waits for another thread, which tasks must not.
struct BesideThread {
  private let id: pthread_t

  /// Starts a thread that runs `body`; nil if the system has none to give.
  init?(_ body: @escaping @Sendable () -> Void) {
    final class Body {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let body = Unmanaged.passRetained(Body(body))
    var id = pthread_t()
    let status = pthread_create(
      &id, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, body.toOpaque())
    guard status == 0 else {
      body.release()
      return nil
    }
    self.id = id
  }

  /// Waits until it has ended.
  func join() { pthread_join(id, nil) }
}
