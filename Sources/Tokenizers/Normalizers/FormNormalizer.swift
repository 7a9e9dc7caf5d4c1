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

    /// Appends the text's normal form.
    func apply(_ source: TextBuffer, into result: inout TextBuffer) {
        var writer = ChangeWriter()
        source.bytes.withUnsafeBufferPointer { text in
            var at = 0
            var pending: [Item] = []
            while at < text.count {
                let scalar = text.scalar(at: at)
                at += scalar.byteCount
                var isFirst = true
                CanonicalData.shared.decompose(scalar.value, form) { part in
                    let item = Item(
                        value: part, change: isFirst ? 0 : 1,
                        combiningClass: CanonicalData.shared.combiningClass(part))
                    isFirst = false
                    // What stands before a scalar that no mark reorders across, and does not compose with, is done.
                    if item.combiningClass == 0, !composes(pending.last, part) {
                        flush(&pending, &writer, source, &result)
                    }
                    pending.append(item)
                }
            }
            flush(&pending, &writer, source, &result)
        }
    }

    /// Whether a scalar of class 0 may compose with what stands before it.
    private func composes(_ last: Item?, _ value: UInt32) -> Bool {
        guard form.composes, last != nil else { return false }
        return !CanonicalData.shared.isInert(value, form)
    }

    private func flush(
        _ pending: inout [Item], _ writer: inout ChangeWriter, _ source: TextBuffer, _ result: inout TextBuffer
    ) {
        if pending.count > 1 {
            Self.reorder(&pending)
            if form.composes { Self.compose(&pending) }
        }
        for item in pending { writer.put(item.value, item.change, source, &result) }
        pending.removeAll(keepingCapacity: true)
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
        var result: [Item] = []
        var starter: Int?
        var lastClass: UInt8?
        for item in items {
            guard let at = starter else {
                if item.combiningClass == 0 { starter = result.count }
                result.append(item)
                continue
            }
            let isBlocked = lastClass.map { $0 >= item.combiningClass } ?? false
            if !isBlocked, let composed = CanonicalData.shared.compose(result[at].value, item.value) {
                result[at].value = composed
                result[at].change += item.change - 1
                continue
            }
            if item.combiningClass == 0 {
                starter = result.count
                lastClass = nil
            } else {
                lastClass = item.combiningClass
            }
            result.append(item)
        }
        items = result
    }
}

/// Writes the scalars of a changed text, each with the origin of what it stands for in the source.
struct ChangeWriter {
    /// The next byte of the source that nothing stands for yet.
    private var at = 0

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

    /// Nothing stands for so many scalars.
    mutating func skip(_ count: Int, _ source: TextBuffer, _ result: inout TextBuffer) {
        guard result.tracks else { return }
        source.bytes.withUnsafeBufferPointer { text in
            for _ in 0..<count where at < text.count { at += text.scalar(at: at).byteCount }
        }
    }
}
