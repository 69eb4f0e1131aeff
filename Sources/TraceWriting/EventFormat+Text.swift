package import TraceReading

extension EventFormat {
  /// The text of the event's `format` file, as the kernel writes it (kernel/trace/trace_events.c, `f_show`). Of an event
  /// that came without a print format, each field is printed as a number.
  package var text: String {
    var text = "name: \(name)\nID: \(id)\nformat:\n"
    for field in fields where field.isCommon { text += line(field) }
    text += "\n"
    for field in fields where !field.isCommon { text += line(field) }
    return text + "\nprint fmt: \(printFormat ?? ownPrintFormat)" + (printFormat?.hasSuffix("\n") == true ? "" : "\n")
  }

  private func line(_ field: EventField) -> String {
    // The type of an array is that of its elements, unless the array lies elsewhere in the record.
    let size = field.isArray && !field.isDynamic ? "[\(field.size)]" : ""
    return "\tfield:\(field.typeName) \(field.name)\(size);\toffset:\(field.offset);\tsize:\(field.size);"
      + "\tsigned:\(field.isSigned ? 1 : 0);\n"
  }

  private var ownPrintFormat: String {
    let own = fields.filter { !$0.isCommon }.map(\.name)
    let values = own.map { ", REC->\($0)" }.joined()
    return "\"" + own.map { "\($0)=0x%Lx" }.joined(separator: " ") + "\"" + values
  }
}
