/// Which bytes of a document a byte of its changed text comes from.
struct Origin: Hashable {
    var start: UInt32
    var end: UInt32
}

/// A part of a text: from a byte to before another.
struct Span: Hashable {
    var start: UInt32
    var end: UInt32

    init(_ range: Range<Int>) {
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        end = UInt32(truncatingIfNeeded: range.upperBound)
    }

    var range: Range<Int> { Int(start)..<Int(end) }
}

/// A text on its way to the model, with where its bytes come from if that is asked for.
struct TextBuffer {
    var bytes: [UInt8] = []
    /// For each byte; empty unless `tracks`.
    var origins: [Origin] = []
    var tracks = false

    /// Steps of a file can make a text grow again and again: up to here.
    static let largest = 1 << 30
    static let tooLarge = TokenizerError.text(
        expected: "one that the tokenizer's steps keep below \(largest >> 20) MiB", got: "one that they make longer")

    /// The document's own bytes from `base` on.
    mutating func load(_ text: UnsafeBufferPointer<UInt8>, base: Int, tracks: Bool) {
        clear(tracks: tracks)
        bytes.append(contentsOf: text)
        guard tracks else { return }
        var at = 0
        while at < text.count {
            let length = text.scalar(at: at).byteCount
            let origin = Origin(start: UInt32(base + at), end: UInt32(base + at + length))
            for _ in 0..<length { origins.append(origin) }
            at += length
        }
    }

    mutating func clear(tracks: Bool) {
        bytes.removeAll(keepingCapacity: true)
        origins.removeAll(keepingCapacity: true)
        self.tracks = tracks
    }

    /// Appends a part of another text as it is.
    mutating func append(_ other: TextBuffer, _ range: Range<Int>) {
        bytes.append(contentsOf: other.bytes[range])
        if tracks { origins.append(contentsOf: other.origins[range]) }
    }

    /// Appends a scalar that comes from there.
    @inline(__always) mutating func append(_ scalar: UInt32, from origin: Origin) {
        bytes.append(scalar: scalar)
        if tracks { for _ in 0..<utf8Length(scalar) { origins.append(origin) } }
    }

    /// Where a byte comes from; nothing in particular unless `tracks`.
    @inline(__always) func origin(_ index: Int) -> Origin {
        tracks && index >= 0 ? origins[index] : Origin(start: 0, end: 0)
    }

    /// Appends UTF-8, all from one place.
    mutating func append(_ text: [UInt8], from origin: Origin) {
        bytes.append(contentsOf: text)
        if tracks { for _ in text { origins.append(origin) } }
    }
}
