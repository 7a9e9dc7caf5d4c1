/// Brings a text to one of Unicode's normal forms.
struct FormNormalizer {
    /// A scalar of the result; `change` says what of the source it stands for: 0 one scalar, 1 none (it was added), and
    /// -n one and n further that went away.
    private struct Item {
        var value: UInt32
        var change: Int
        var combiningClass: UInt8
    }

    let form: UnicodeForm

    func isInert(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        let data = CanonicalData.shared
        var at = 0
        while at < text.count {
            if text[at] < 0x80 {
                at += 1
                continue
            }
            let scalar = text.scalar(at: at)
            guard data.isInert(scalar.value, form) else { return false }
            at += scalar.byteCount
        }
        return true
    }

    /// Appends the text's normal form: what is inert as it is, the rest cluster by cluster.
    func apply(_ source: TextBuffer, into result: inout TextBuffer) {
        var cluster: [Item] = []
        source.bytes.withUnsafeBufferPointer { text in
            var copied = 0
            var at = 0
            // Where the last inert scalar begins: one that follows may compose with it.
            var start = 0
            while at < text.count {
                let scalar = text.scalar(at: at)
                if scalar.value < 0x80 || CanonicalData.shared.isInert(scalar.value, form) {
                    start = at
                    at += scalar.byteCount
                    continue
                }
                result.append(source, copied..<start)
                at = self.cluster(text, start, &cluster)
                var writer = ChangeWriter(at: start)
                for item in cluster { writer.put(item.value, item.change, source, &result) }
                copied = at
                start = at
            }
            result.append(source, copied..<text.count)
        }
    }

    /// Fills in the normal form of what begins at `start` and ends before the next inert scalar.
    private func cluster(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ cluster: inout [Item]) -> Int {
        let data = CanonicalData.shared
        cluster.removeAll(keepingCapacity: true)
        var at = start
        while at < text.count {
            let scalar = text.scalar(at: at)
            if at > start, data.isInert(scalar.value, form) { break }
            at += scalar.byteCount
            var isFirst = true
            data.decompose(scalar.value, form) { part in
                let change = isFirst ? 0 : 1
                isFirst = false
                cluster.append(Item(value: part, change: change, combiningClass: data.combiningClass(part)))
            }
        }
        if cluster.count > 1 {
            Self.reorder(&cluster)
            if form.composes { Self.compose(&cluster) }
        }
        return at
    }

    /// Sorts each run of marks by class, those of one class as they stood.
    private static func reorder(_ items: inout [Item]) {
        var start = 0
        while start < items.count {
            guard items[start].combiningClass != 0 else {
                start += 1
                continue
            }
            let end = items[start...].firstIndex { $0.combiningClass == 0 } ?? items.count
            if end - start > 1 {
                // Swift's sort is stable as it is, but does not promise to be.
                let order = (start..<end).sorted {
                    (items[$0].combiningClass, $0) < (items[$1].combiningClass, $1)
                }
                items.replaceSubrange(start..<end, with: order.map { items[$0] })
            }
            start = end
        }
    }

    /// Composes what is not blocked with the scalar of class 0 before it.
    private static func compose(_ items: inout [Item]) {
        var kept = 0
        var starter: Int?
        var lastClass: UInt8?
        for index in items.indices {
            let item = items[index]
            if let at = starter {
                let isBlocked = lastClass.map { $0 >= item.combiningClass } ?? false
                if !isBlocked, let composed = CanonicalData.shared.compose(items[at].value, item.value) {
                    items[at].value = composed
                    items[at].change += item.change - 1
                    continue
                }
                lastClass = item.combiningClass == 0 ? nil : item.combiningClass
            }
            if item.combiningClass == 0 { starter = kept }
            items[kept] = item
            kept += 1
        }
        items.removeLast(items.count - kept)
    }
}

/// Writes the scalars of a changed text, each with the origin of what it stands for in the source.
struct ChangeWriter {
    /// The next byte of the source that nothing stands for yet.
    private var at: Int

    init(at start: Int = 0) { at = start }

    /// - Parameter change: 0 for a scalar in place of one, 1 for one that was added, -n for one in place of 1 + n.
    mutating func put(_ value: UInt32, _ change: Int, _ source: TextBuffer, _ result: inout TextBuffer) {
        guard result.tracks else {
            result.bytes.append(scalar: value)
            return
        }
        guard change <= 0 else { return result.append(value, from: source.origin(at - 1)) }
        // Marks that were added and moved may ask for more than the source has.
        result.append(value, from: source.origin(min(at, source.bytes.count - 1)))
        source.bytes.withUnsafeBufferPointer { text in
            for _ in change...0 where at < text.count { at += text.scalar(at: at).byteCount }
        }
    }
}
