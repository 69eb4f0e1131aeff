import Glibc

/// A line on a terminal's stderr that says how far a run has come, and how long it will take; silent elsewhere.
struct ProgressLine {
  let total: Int
  private let start = ContinuousClock.now
  private let isShown: Bool

  init(total: Int) {
    self.total = total
    isShown = total > 1 && isatty(STDERR_FILENO) == 1
  }

  func show(_ done: Int) {
    guard isShown else { return }
    writeToStandardError("\r\u{1b}[K" + Self.text(done, of: total, after: ContinuousClock.now - start))
  }

  func clear() {
    if isShown { writeToStandardError("\r\u{1b}[K") }
  }

  /// `452 of 2300 recordings, 68 a second, 27 s left`; without a guess at the beginning.
  static func text(_ done: Int, of total: Int, after time: Duration) -> String {
    let count = "\(done) of \(total) recordings"
    let seconds = time / .seconds(1)
    guard done > 0, seconds >= 2 else { return count }
    let rate = Double(done) / seconds
    let left = Int((Double(total - done) / rate).rounded(.up))
    let time = left < 120 ? "\(left) s" : "\(left / 60) min"
    let pace = rate >= 10 ? "\(Int(rate))" : "\(Double(Int(rate * 10)) / 10)"
    return "\(count), \(pace) a second, \(time) left"
  }
}
