import RmapEvents

extension History: CustomStringConvertible {
  /// One event a line: for the eye, when a history fails.
  public var description: String {
    steps.enumerated().map { "\($0 + 1) [\($1.pid)] \($1.event.summary)" }.joined(separator: "\n")
  }
}

extension RmapEvent {
  fileprivate var summary: String {
    switch self {
    case .insert(let update), .remove(let update):
      "\(label) avc \(short(update.avc)) \(text(update.vma)) in \(short(update.anonVMA))"
    case .enter(let entry): "\(label) \(text(entry.vma)) from \(text(entry.source))"
    case .leave(let result): "\(label) = \(result.value)"
    case .put(let put): "\(label) \(short(put.anonVMA)) root \(short(put.root))"
    case .vmaFree(let free): "\(label) \(short(free.vma))"
    case .folio(let event):
      "\(label) \(short(event.folio)) index \(event.index) of \(hexadecimal(event.mapping.raw))"
        + " in \(text(event.vma)) at \(event.address?.description ?? "?")"
    case .hugetlbUnmap(let event): "\(label) \(text(event.vma)) \(event.start)-\(event.end)"
    case .walk(.found(let avc)): "\(label) \(short(avc))"
    case .walk(.visited(let goesOn)): "\(label) \(goesOn)"
    case .walk: label
    }
  }

  private func short(_ address: KernelAddress) -> String { hexadecimal(address.raw & 0xfff_ffff) }

  private func text(_ view: VMAView) -> String {
    view.address.isNull
      ? "-"
      : "vma \(short(view.address)) \(view.start)-\(view.end) pgoff \(view.vmPgoff) of "
        + short(view.anonVMA)
  }
}
