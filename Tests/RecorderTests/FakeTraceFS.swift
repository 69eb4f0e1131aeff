import Glibc

@testable import Recorder

/// tracefs as far as a recorder meets it, with the kernel's refusals: an instance that someone reads can't be removed,
/// a probe that is in use can't be either.
final class FakeTraceFS: TracingFiles {
  var instances: Set<String> = []
  var probes: [String] = []
  var files: [String: String] = [:]
  /// Instances that someone holds open; each pause lets go of one hold.
  var holds: [String: Int] = [:]
  /// Groups whose probes are switched on in an instance.
  var groupsInUse: [String: String] = [:]
  /// A definition that contains this is refused.
  var refusedSymbol: String?
  /// What was asked of it, in order.
  private(set) var log: [String] = []

  func read(_ path: String) throws(TracingError) -> String {
    if path == "kprobe_events" { return probes.map { $0 + "\n" }.joined() }
    guard let text = files[path] else { throw TracingError(path: path, code: ENOENT) }
    return text
  }

  func write(_ text: String, to path: String, appending: Bool) throws(TracingError) {
    let line = String(text.drop { $0 == " " }.prefix { $0 != "\n" })
    log.append("\(path) \(line.prefix { $0 != " " })")
    guard path == "kprobe_events" else {
      files[path] = text
      return
    }
    precondition(appending, "truncating kprobe_events removes everyone's probes")
    if let refusedSymbol, line.contains(refusedSymbol) { throw TracingError(path: path, code: ENOENT) }
    guard line.hasPrefix("-:") else {
      probes.append(line)
      return
    }
    try remove(String(line.dropFirst(2)), path)
  }

  private func remove(_ target: String, _ path: String) throws(TracingError) {
    let group = String(target.prefix { $0 != "/" })
    if groupsInUse.values.contains(group) { throw TracingError(path: path, code: EBUSY) }
    let before = probes.count
    probes.removeAll { probe in
      let name = probe.drop { $0 != ":" }.dropFirst().prefix { $0 != " " }
      return target.hasSuffix("/") ? name.hasPrefix(target) : name == target
    }
    if probes.count == before { throw TracingError(path: path, code: ENOENT) }
  }

  func makeFolder(_ path: String) throws(TracingError) {
    log.append("mkdir \(path)")
    let name = String(path.dropFirst("instances/".count))
    guard instances.insert(name).inserted else { throw TracingError(path: path, code: EEXIST) }
  }

  func removeFolder(_ path: String) throws(TracingError) {
    log.append("rmdir \(path)")
    let name = String(path.dropFirst("instances/".count))
    guard instances.contains(name) else { throw TracingError(path: path, code: ENOENT) }
    if (holds[name] ?? 0) > 0 { throw TracingError(path: path, code: EBUSY) }
    instances.remove(name)
    groupsInUse[name] = nil
  }

  func list(_ path: String) -> [String] {
    if path == "instances" { return instances.sorted() }
    let prefix = path + "/"
    return Set(
      files.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count).prefix { $0 != "/" }) }
    )
    .sorted()
  }

  func pause() { for name in holds.keys { holds[name]? -= 1 } }
}
