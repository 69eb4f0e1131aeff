import CTraceEvent
import Synchronization
import Vocabulary

/// Parses the format texts of our probes with libtraceevent. Of those of other groups just the number is read: a
/// recording of all of a kernel's events has thousands, and we look at none of their records.
///
/// The library keeps parser state in file-static variables, so one lock guards every use of it, and what it has parsed.
enum EventFormatParser {
  private static let memo = Mutex(FormatMemo())

  static func parse(
    _ texts: [FormatText], longSize: Int
  ) throws(TraceReadingError) -> EventFormats {
    let outcome = memo.withLock { memo in
      Result { () throws(TraceReadingError) in try parse(texts, longSize: longSize, &memo) }
    }
    return try outcome.get()
  }

  private static func parse(
    _ texts: [FormatText], longSize: Int, _ memo: inout FormatMemo
  ) throws(TraceReadingError) -> EventFormats {
    tep_set_loglevel(TEP_LOG_NONE)
    guard let handle = tep_alloc() else {
      throw TraceReadingError(.eventFormat, "no memory for libtraceevent")
    }
    defer { tep_free(handle) }
    tep_set_file_bigendian(handle, TEP_LITTLE_ENDIAN)
    tep_set_local_bigendian(handle, TEP_LITTLE_ENDIAN)
    tep_set_long_size(handle, Int32(longSize))

    var formats: [EventFormat] = []
    var seen: Set<UInt16> = []
    // Of two events with one number, records of the one would be taken for the other's.
    func enter(_ id: UInt16, _ text: FormatText) throws(TraceReadingError) {
      if !seen.insert(id).inserted {
        throw TraceReadingError(.damaged, "two event formats have the number \(id)", at: text.offset)
      }
    }
    for text in texts {
      guard ProbeGroup.isOurs(text.system) else {
        if let id = text.id { try enter(id, text) }
        continue
      }
      let format = try memo.format(of: text, longSize: longSize) { () throws(TraceReadingError) in
        try parse(text, handle)
      }
      try enter(format.id, text)
      formats.append(format)
    }
    return EventFormats(formats)
  }

  private static func parse(
    _ text: FormatText, _ handle: OpaquePointer
  ) throws(TraceReadingError) -> EventFormat {
    func failure(_ reason: String) -> TraceReadingError {
      TraceReadingError(
        .eventFormat, "format of \(text.system):\(text.name) \(reason)", at: text.offset)
    }
    let parts = text.parts
    if let objection = text.objection(to: parts.fields) { throw failure(objection) }
    let source = parts.fields + Array("print fmt: \"\"\n".utf8)
    var parsed: UnsafeMutablePointer<tep_event>?
    let status = source.withUnsafeBytes { bytes in
      tep_parse_format(
        handle, &parsed, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
        UInt(bytes.count), text.system)
    }
    guard status == TEP_ERRNO__SUCCESS, let parsed else {
      throw failure("cannot be parsed (libtraceevent error \(status.rawValue))")
    }
    let event = parsed.pointee
    guard let id = UInt16(exactly: event.id) else { throw failure("has the number \(event.id)") }
    guard let name = event.name else { throw failure("has no name") }
    let fields =
      fields(event.format.common_fields, areCommon: true)
      + fields(event.format.fields, areCommon: false)
    for field in fields
    where field.offset < 0 || field.size < 0 || field.offset > 65_535
      || field.size > 65_535
    {
      throw failure("places \(field.name) at \(field.offset), size \(field.size)")
    }
    return EventFormat(
      id: id, system: text.system, name: String(cString: name), fields: fields,
      printFormat: parts.printFormat.map { String(decoding: $0, as: UTF8.self) })
  }

  private static func fields(
    _ first: UnsafeMutablePointer<tep_format_field>?, areCommon: Bool
  ) -> [EventField] {
    var fields: [EventField] = []
    var next = first
    while let pointer = next {
      let field = pointer.pointee
      next = field.next
      func has(_ flag: tep_format_flags) -> Bool { field.flags & UInt(flag.rawValue) != 0 }
      fields.append(
        EventField(
          name: field.name.map { String(cString: $0) } ?? "",
          typeName: field.type.map { String(cString: $0) } ?? "",
          offset: Int(field.offset), size: Int(field.size),
          isSigned: has(TEP_FIELD_IS_SIGNED), isArray: has(TEP_FIELD_IS_ARRAY),
          isDynamic: has(TEP_FIELD_IS_DYNAMIC), isString: has(TEP_FIELD_IS_STRING),
          isCommon: areCommon))
    }
    return fields
  }
}
