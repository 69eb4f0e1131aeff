/// Text that others wrote, fit for a terminal: control characters (C0, DEL, C1), line breaks and what turns the direction
/// of writing round are shown, not sent.
///
/// A task may give itself any name, and a sidecar is a file like any other: neither clears a screen or forges a line.
/// Every line of ``TextLayout`` passes here, each foreign string of KTAP, and each diagnostic on stderr.
package func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isUnprintable) else { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    if !isUnprintable(scalar) {
      result.unicodeScalars.append(scalar)
    } else {
      let digits = String(scalar.value, radix: 16)
      result += scalar.value > 0xff ? "\\u{\(digits)}" : "\\x" + (digits.count < 2 ? "0" : "") + digits
    }
  }
  return result
}

/// Whether a terminal, or the reader of lines, would take a character for more than a character.
func isUnprintable(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7f..<0xa0, 0x2028...0x2029: true
  // Marks, embeddings, overrides and isolates of direction.
  case 0x200e...0x200f, 0x202a...0x202e, 0x2066...0x2069: true
  default: false
  }
}
