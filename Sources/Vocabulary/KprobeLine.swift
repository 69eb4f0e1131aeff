/// A line of `kprobe_events`: `r2048:rmap/clone_ret anon_vma_clone ret=$retval:s32`
/// (kernel/trace/trace_kprobe.c:trace_kprobe_show).
public struct KprobeLine {
  /// The event's group; empty where the line has none.
  public let group: Substring
  /// The event's name.
  public let event: Substring
  /// The function, without an offset in it and without what the compiler put behind its name (`.part.0`).
  public let function: Substring

  /// The parts of a line; nil if it defines no probe.
  public init?(_ line: some StringProtocol) {
    let line = Substring(line)
    let text = line.utf8
    guard let space = text.firstIndex(of: UInt8(ascii: " ")),
      let colon = text[..<space].firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    let name = line[text.index(after: colon)..<space]
    let slash = name.utf8.firstIndex(of: UInt8(ascii: "/"))
    group = slash.map { name[..<$0] } ?? ""
    event = slash.map { name[text.index(after: $0)...] } ?? name
    let rest = text[text.index(after: space)...]
    let end = rest.firstIndex { " +.".utf8.contains($0) } ?? rest.endIndex
    function = line[rest.startIndex..<end]
  }
}
