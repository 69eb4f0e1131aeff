import Foundation
import TestSupport

/// The fields of what is encoded, and those that a JSON Schema names.
enum SchemaFields {
  static let documents = "\(repository)/Sources/rmapcheck/RmapCheck.docc"

  /// The fields of every struct in a value, by its type; those that are nil included.
  static func of(_ value: Any, into types: inout [String: Set<String>]) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .struct:
      types["\(mirror.subjectType)", default: []].formUnion(mirror.children.compactMap(\.label))
      for child in mirror.children { of(child.value, into: &types) }
    case .collection, .optional:
      for child in mirror.children { of(child.value, into: &types) }
    default: break
    }
  }

  /// The names of the properties of every object in a JSON Schema of ours.
  static func ofSchema(_ name: String) throws -> Set<Set<String>> {
    let schema = try Data(contentsOf: URL(filePath: "\(documents)/Resources/\(name).schema.json"))
    var objects: Set<Set<String>> = []
    collect(try JSONSerialization.jsonObject(with: schema), into: &objects)
    return objects
  }

  /// The objects that describe fields have a type; conditions have none.
  private static func collect(_ node: Any, into objects: inout Set<Set<String>>) {
    if let array = node as? [Any] { array.forEach { collect($0, into: &objects) } }
    guard let object = node as? [String: Any] else { return }
    if let properties = object["properties"] as? [String: Any], object["type"] as? String == "object" {
      objects.insert(Set(properties.keys))
    }
    object.values.forEach { collect($0, into: &objects) }
  }
}
