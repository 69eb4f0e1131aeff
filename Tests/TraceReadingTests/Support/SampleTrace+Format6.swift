extension SampleTrace {
  /// The recording as a file of format 6.
  func format6() -> [UInt8] {
    var file = header(version: "6")
    file.all += headerInfo + ftraceFormats + eventFormats
    file.block(Array("ffffffff81000000 T _text\n".utf8), UInt32.self)
    file.block([], UInt32.self)
    file.all += commandLines
    file.number(UInt32(buffers[0].cpus.count))
    file.text("options  \0")
    let instanceOffsets = options6(&file)
    table6(buffers[0], &file, trailing: Array(clocks.utf8))
    for (buffer, offset) in zip(buffers.dropFirst(), instanceOffsets) {
      file.patch(file.count, at: offset)
      table6(buffer, &file, trailing: nil)
    }
    return file.all
  }

  /// Gives where each instance's offset is to be patched in.
  private func options6(_ file: inout Bytes) -> [UInt64] {
    func option(_ id: UInt16, _ data: [UInt8]) {
      file.number(id)
      file.block(data, UInt32.self)
    }
    for text in statistics { option(2, Array(text.utf8) + [0]) }
    option(5, Array("Linux test 6.12 x86_64\0".utf8))
    option(9, Array("3.1.6\0".utf8))
    option(4, [])
    for (id, data) in extraOptions { option(id, data) }
    var offsets: [UInt64] = []
    for buffer in buffers.dropFirst() {
      offsets.append(file.count + 6)
      option(3, [UInt8](repeating: 0, count: 8) + Array(buffer.name.utf8) + [0])
    }
    file.number(UInt16(0))
    return offsets
  }

  private func table6(_ buffer: Buffer, _ file: inout Bytes, trailing: [UInt8]?) {
    file.text("flyrecord\0")
    let table = file.count
    for _ in buffer.cpus {
      file.number(UInt64(0))
      file.number(UInt64(0))
    }
    if let trailing { file.block(trailing, UInt64.self) }
    file.align(to: pageSize)
    for (index, pages) in buffer.cpus.enumerated() {
      let data = pages.flatMap { $0 }
      file.patch(file.count, at: table + 16 * UInt64(index))
      file.patch(UInt64(data.count), at: table + 16 * UInt64(index) + 8)
      file.all += data
    }
  }
}
