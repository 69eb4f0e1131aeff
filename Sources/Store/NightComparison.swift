import FoundationEssentials

/// What a store takes from a JSON report of `compare`: how many objects the recorded kernel's own design needs for what a
/// recording's processes did.
public struct NightComparison: Decodable, Sendable {
  static let schema = "rmapcheck-comparison/1"

  let schema: String
  let workloads: [Workload]

  struct Workload: Decodable, Sendable {
    /// The recording's path, as it was given.
    let name: String
    /// What keeps the figures from being trusted: lost events, or a simulation that does not come to the recorded graph.
    let doubts: [String]
    let agreement: Agreement?
    let policies: [Policy]
  }

  struct Agreement: Decodable, Sendable {
    /// The recorded kernel's own design.
    let policy: String
  }

  struct Policy: Decodable, Sendable {
    let name: String
    let anonVMAs: Count
    let avcs: Count
    let bytesPeak: UInt64
  }

  struct Count: Decodable, Sendable {
    let peak: UInt64
  }

  /// The most objects at a time.
  struct Size: Sendable, Equatable {
    let anonVMAs: UInt64
    let avcs: UInt64
    /// Of both, in bytes.
    let bytes: UInt64
  }
}

extension NightComparison.Workload {
  /// Of the recorded kernel's own design; nil where that was not simulated, or is in doubt.
  var size: NightComparison.Size? {
    guard doubts.isEmpty, let own = policies.first(where: { $0.name == agreement?.policy }) else { return nil }
    return .init(anonVMAs: own.anonVMAs.peak, avcs: own.avcs.peak, bytes: own.bytesPeak)
  }
}

/// A file that a store takes.
public enum NightInput: Sendable {
  /// A report of `check`.
  case result(NightResult)
  /// A report of `compare`.
  case comparison(NightComparison)

  /// Reads a file.
  /// - Throws: ``StoreError`` if it is not there, or is none of both.
  public init(contentsOf path: String) throws(StoreError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw StoreError(.missing, "\(path): there is no such file, or it can't be read")
    }
    try self.init(data, path: path)
  }

  init(_ data: Data, path: String) throws(StoreError) {
    struct Form: Decodable { let schema: String }
    guard (try? JSONDecoder().decode(Form.self, from: data))?.schema == NightComparison.schema else {
      self = .result(try NightResult(data, path: path))
      return
    }
    do {
      self = .comparison(try JSONDecoder().decode(NightComparison.self, from: data))
    } catch {
      throw StoreError(.damaged, "\(path): not a JSON report of rmapcheck compare: \(NightResult.place(of: error))")
    }
  }
}
