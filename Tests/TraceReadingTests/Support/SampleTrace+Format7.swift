extension SampleTrace {
  /// The recording as a file of format 7.
  func format7(_ packing: Packing = .plain) -> [UInt8] {
    var file = header(version: "7")
    switch packing {
    case .plain: file.all += Array("none\0\0".utf8)
    case .zstd: file.all += Array("zstd\01.5.4\0".utf8)
    case .zlib: file.all += Array("zlib\01.2.13\0".utf8)
    }
    let optionsPatch = file.count
    file.number(UInt64(0))
    let parts: [(UInt16, [UInt8])] = [
      (16, headerInfo), (17, ftraceFormats), (18, eventFormats), (21, commandLines),
    ]
    var places: [(id: UInt16, offset: UInt64)] = []
    for (id, content) in parts {
      places.append((id, file.count))
      section(id, packing.packed(content), compressed: packing != .plain, &file)
    }
    file.patch(file.count, at: optionsPatch)
    var options = Bytes()
    for (id, offset) in places { option(id, &options) { $0.number(offset) } }
    for text in statistics { option(2, &options) { $0.string(text) } }
    option(5, &options) { $0.string("Linux test 6.12 x86_64") }
    option(9, &options) { $0.string("3.1.6") }
    for (id, content) in extraOptions { option(id, &options) { $0.all += content } }
    let nextPatch = file.count + 16 + options.count + 6
    option(0, &options) { $0.number(UInt64(0)) }
    section(0, options.all, compressed: false, &file)

    var buffersOptions = Bytes()
    for buffer in buffers {
      let content = data7(buffer, packing, &file)
      option(3, &buffersOptions) { $0.all += content }
    }
    option(0, &buffersOptions) { $0.number(UInt64(0)) }
    file.patch(file.count, at: nextPatch)
    section(0, buffersOptions.all, compressed: false, &file)
    section(15, Array("a section\0".utf8), compressed: false, &file)
    return file.all
  }

  private func section(
    _ id: UInt16, _ content: [UInt8], compressed: Bool, _ file: inout Bytes
  ) {
    file.number(id)
    file.number(UInt16(compressed ? 1 : 0))
    file.number(UInt32(0))
    file.block(content, UInt64.self)
  }

  private func option(_ id: UInt16, _ options: inout Bytes, _ write: (inout Bytes) -> Void) {
    var data = Bytes()
    write(&data)
    options.number(id)
    options.block(data.all, UInt32.self)
  }

  /// Writes a buffer's data section; gives the content of the option about it.
  private func data7(_ buffer: Buffer, _ packing: Packing, _ file: inout Bytes) -> [UInt8] {
    var option = Bytes()
    option.number(file.count)
    option.string(buffer.name)
    option.string(buffer.clock)
    option.number(UInt32(pageSize))
    option.number(UInt32(buffer.cpus.count))
    let start = file.count
    section(3, [], compressed: packing != .plain, &file)
    for (index, pages) in buffer.cpus.enumerated() {
      let noted = pages.isEmpty || packing == .plain || sizeCountsChunkCount ? 0 : UInt64(4)
      file.align(to: 64)
      let offset = file.count
      if packing == .plain {
        file.all += pages.flatMap { $0 }
      } else if !pages.isEmpty {
        chunks7(pages, packing, &file)
      }
      option.number(buffer.cpuNumbers?[index] ?? UInt32(index))
      option.number(offset)
      option.number(file.count - offset - noted)
    }
    file.patch(file.count - start - 16, at: start + 8)
    return option.all
  }

  private func chunks7(_ pages: [[UInt8]], _ packing: Packing, _ file: inout Bytes) {
    let starts = stride(from: 0, to: pages.count, by: pagesPerChunk)
    file.number(UInt32(starts.underestimatedCount))
    for start in starts {
      let end = min(start + pagesPerChunk, pages.count)
      file.all += packing.packed(pages[start..<end].flatMap { $0 })
    }
  }
}

extension SampleTrace.Packing {
  /// The content as trace-cmd stores a block: compressed size, size, compressed bytes.
  ///
  /// Blocks are stored, not squeezed: both formats allow that, and no compressor is needed.
  func packed(_ content: [UInt8]) -> [UInt8] {
    let compressed: [UInt8]
    switch self {
    case .plain: return content
    case .zstd: compressed = SampleTrace.Packing.zstdFrame(content)
    case .zlib: compressed = SampleTrace.Packing.zlibStream(content)
    }
    var bytes = Bytes()
    bytes.number(UInt32(compressed.count))
    bytes.number(UInt32(content.count))
    return bytes.all + compressed
  }

  /// A frame without magic number: one segment, its size in 4 bytes, one raw block.
  static func zstdFrame(_ content: [UInt8]) -> [UInt8] {
    var bytes = Bytes()
    bytes.all = [0xa0]
    bytes.number(UInt32(content.count))
    let head = UInt32(content.count) << 3 | 1
    bytes.all += [UInt8(head & 0xff), UInt8(head >> 8 & 0xff), UInt8(head >> 16 & 0xff)]
    return bytes.all + content
  }

  /// A frame that claims `size` bytes of one value in a few bytes.
  static func zstdBomb(size: Int) -> [UInt8] {
    var bytes = Bytes()
    bytes.all = [0xa0]
    bytes.number(UInt32(size))
    let head = UInt32(size) << 3 | 3
    bytes.all += [UInt8(head & 0xff), UInt8(head >> 8 & 0xff), UInt8(head >> 16 & 0xff), 0]
    return bytes.all
  }

  private static func zlibStream(_ content: [UInt8]) -> [UInt8] {
    var bytes = Bytes()
    bytes.all = [0x78, 0x01, 0x01]
    bytes.number(UInt16(content.count))
    bytes.number(~UInt16(content.count))
    bytes.all += content
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in content {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    bytes.number((b << 16 | a).bigEndian)
    return bytes.all
  }
}
