public import RmapEvents

/// When the recording last showed something: for the report of a violation only, since it looks through many objects.
extension RmapGraph {
  /// The last event, as far as the model remembers, that showed an anon_vma's fields: by an AVC of it that stands in its
  /// tree.
  public func lastSeen(_ id: AnonVMAID) -> EventStamp {
    var last = anonVMAs[id.slot].birth
    forEachAVC(in: id) { _, avc in
      if avc.stamp.ordinal > last.ordinal { last = avc.stamp }
      return true
    }
    return last
  }

  /// The last event, as far as the model remembers, that showed the fields of a root: by an AVC of any anon_vma below it.
  public func lastSeen(rootAt address: KernelAddress) -> EventStamp {
    var last = EventStamp.beforeRecording
    avcOf.forEach { slot in
      let avc = avcs[slot]
      if avc.stamp.ordinal > last.ordinal, anonVMAs[avc.anonVMA.slot].root == address { last = avc.stamp }
    }
    return last
  }

  /// The event that last put an AVC of the VMA into its tree or took it out; nil if it has none.
  public func lastLinked(_ vma: VMAID) -> EventStamp? {
    var last: EventStamp?
    forEachAVC(of: vma) { _, avc in
      if avc.stamp.ordinal > last?.ordinal ?? 0 { last = avc.stamp }
      return true
    }
    return last
  }
}
