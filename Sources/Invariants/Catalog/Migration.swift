import RmapEvents
import RmapGraph

extension Invariant {
  static let migration = Invariant(
    name: "migration", number: 24,
    statement: """
      The folio that replaces another one's migration entries belongs to the same anon_vma, at the same index, as \
      the old folio did when the entries were made; and that anon_vma has been alive since then.
      """,
    source: """
      mm/migrate.c: folio_migrate_mapping, remove_migration_pte, migrate_folio_unmap ("This get_anon_vma() \
      delays freeing anon_vma pointer until the end of migration"); mm/rmap.c: try_to_migrate_one
      """,
    kernels: "2.6.37 and later",
    exceptions: """
      If a failed migration or a split puts the old folio back, there is nothing to compare. Entries that fork \
      copied or munmap removed leave no event: whether every entry was replaced is not decided.
      """,
    needs: .graphChanges + [.walk, .walkMigrate, .walkRestore],
    checks: [.willRestoreMapping(judge)])
}

private func judge(_ s: borrowing MigrationSituation, _ graph: borrowing RmapGraph, _ ledger: inout Ledger) {
  let (old, new) = (s.migration.sourceMapping, s.migration.mapping)
  let (oldIndex, newIndex) = (s.migration.sourceIndex, s.migration.index)
  guard old.isAnonymous || new.isAnonymous else { return }
  if old != new || oldIndex != newIndex {
    return broken(
      s, "F points to \(name(new)), index \(newIndex)",
      [.init("O points to \(name(old)), index \(oldIndex)", s.stamp)], by: whoTookOver(s), graph, &ledger)
  }
  guard let source = s.source else { return ledger.cannotTell(.predatesRecording) }
  if source.mapping != old || source.index != oldIndex {
    return broken(
      s, "O and F point to \(name(new)), index \(newIndex)",
      [.init("O pointed to \(name(source.mapping)), index \(source.index)", source.stamp)], graph, &ledger)
  }
  if let id = source.anonVMA, !graph.lives(id) {
    return broken(
      s, "\(name(new)) has been freed since",
      [.init("O pointed to \(name(source.mapping))", source.stamp)], graph, &ledger)
  }
  ledger.holds()
}

/// Who gave the new folio what it has: where the walk that maps it begins with that, its callback has not, and all that
/// comes before is folio_migrate_mapping.
private func whoTookOver(_ s: borrowing MigrationSituation) -> KernelFunction? {
  guard s.begun.folio == s.visit.folio, s.begun.mapping == s.migration.mapping, s.begun.index == s.migration.index
  else { return nil }
  return .named("folio_migrate_mapping")
}

private func name(_ mapping: FolioMapping) -> String {
  mapping.isAnonymous ? "anon_vma \(mapping.anonVMA)" : "mapping 0x\(hexadecimal(mapping.raw))"
}

private func broken(
  _ s: borrowing MigrationSituation, _ contradiction: String, _ established: [Finding.Fact],
  by earlier: KernelFunction? = nil, _ graph: borrowing RmapGraph, _ ledger: inout Ledger
) {
  let (visit, stamp, source) = (s.visit, s.stamp, s.migration.source)
  let doer = earlier == nil ? s.source.map { Finding.Doer.between($0.stamp, stamp) } : nil
  ledger.broken(key: source.raw ^ visit.folio.raw, in: graph) {
    Finding(
      what: "A migrated page does not belong where the old one did.",
      function: earlier ?? .kind(visit.purpose.kind), stamp: stamp, doer: doer,
      objects: [
        ("O", "folio \(source), which is replaced"), ("F", "folio \(visit.folio), which replaces it"),
      ],
      established: established, contradiction: .init(contradiction, stamp),
      rule: """
        A migrated folio takes over mapping and index (mm/migrate.c, folio_migrate_mapping), and the migration pins \
        the anon_vma.
        """)
  }
}
