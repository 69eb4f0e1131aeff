/// `1 event`, `2 events`; with verbs, `1 event is`, `2 events are`.
public func counted(
  _ count: some BinaryInteger, _ noun: String, plural: String? = nil, _ verbs: (one: String, more: String)? = nil
) -> String {
  let words = count == 1 ? noun : plural ?? noun + "s"
  let verb = verbs.map { " " + (count == 1 ? $0.one : $0.more) } ?? ""
  return "\(count) \(words)\(verb)"
}
