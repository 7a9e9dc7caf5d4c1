/// A part of a normalised text that is one piece.
struct Segment: Hashable, Sendable {
    var start: Int
    var end: Int
    var id: Int32
}
