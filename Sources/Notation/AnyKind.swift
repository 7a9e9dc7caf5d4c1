/// A property of a protocol's type whose values compare by what they hold: `@AnyKind var loss: any Loss`.
@propertyWrapper public struct AnyKind<Value: Sendable>: Hashable, Sendable {
    /// The value itself: what the property reads and writes.
    public var wrappedValue: Value

    /// Equality and hash go by the value's type and settings, where it is a `ManifestKind`; others equal nothing.
    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    public static func == (a: AnyKind, b: AnyKind) -> Bool {
        guard let a = a.wrappedValue as? any ManifestKind, let b = b.wrappedValue as? any ManifestKind else {
            return false
        }
        return a.isEqual(to: b)
    }

    public func hash(into hasher: inout Hasher) { (wrappedValue as? any ManifestKind)?.hash(into: &hasher) }
}

extension ManifestKind {
    /// Whether the other is of the same type and equal.
    package func isEqual(to other: any ManifestKind) -> Bool { other as? Self == self }
}
