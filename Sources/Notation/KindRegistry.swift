import Synchronization
import Systems

/// The kinds that manifests may name, in the order in which errors list them.
///
/// A program adds its own at the start of `main`, before it reads a manifest, in every process of a run.
public final class KindRegistry<Product: Sendable>: Sendable {
    /// One kind, read as what the registry holds.
    package struct Kind: Sendable {
        package let description: KindDescription
        /// Tells apart two types that want one name.
        let type: ObjectIdentifier
        /// Reads `kind`, or `kind: value`.
        package let read: @Sendable (_ name: Field, _ value: Field?) throws(ManifestError) -> Product

        /// - Parameter product: the value as what the registry holds.
        package init<Value: ManifestKind>(_ type: Value.Type, _ product: @escaping @Sendable (Value) -> Product) {
            let syntax = Value.syntax
            description = syntax.description
            self.type = ObjectIdentifier(type)
            read = { name, value throws(ManifestError) in product(try syntax.kind(name, value)) }
        }
    }

    private struct State {
        var order: [Kind] = []
        var places: [String: Int] = [:]
    }

    private let state: Mutex<State>

    package init(_ kinds: [Kind]) {
        state = Mutex(State())
        for kind in kinds { add(kind) }
    }

    /// - Precondition: no other type has the name. To add a type again changes nothing.
    package func add(_ kind: Kind) {
        state.withLock { state in
            let name = kind.description.name
            if let place = state.places[name] {
                precondition(state.order[place].type == kind.type, "two kinds are called \(name)")
                return
            }
            state.places[name] = state.order.count
            state.order.append(kind)
        }
    }

    package func holds(_ type: any ManifestKind.Type) -> Bool {
        state.withLock { $0.order.contains { $0.type == ObjectIdentifier(type) } }
    }

    /// What the documentation and errors show of each kind, in the order of registration.
    public var descriptions: [KindDescription] { state.withLock { $0.order.map(\.description) } }
    /// What manifests may write, in the order of registration.
    public var names: [String] { descriptions.map(\.name) }

    package subscript(name: String) -> Kind? { state.withLock { state in state.places[name].map { state.order[$0] } } }

    /// Reads `kind`, or `{kind: {settings}}`.
    package func read(_ field: Field) throws(ManifestError) -> Product {
        let names = names
        guard case .mapping(let entries) = field.node.content else {
            return try read(field, Field(node: field.node, path: field.choice(names)), nil)
        }
        let fields = try Fields(field, keys: names)
        guard let entry = entries.first, entries.count == 1 else {
            throw field.error(expected: "one of \(names.listed)")
        }
        let name = YAMLNode(content: .scalar(entry.key, isQuoted: false), mark: entry.keyMark)
        let value = entry.value.isNull ? nil : fields[entry.key]
        return try read(field, Field(node: name, path: entry.key), value)
    }

    private func read(_ field: Field, _ name: Field, _ value: Field?) throws(ManifestError) -> Product {
        guard let kind = self[name.path] else { throw field.error(expected: names.listed(with: "or")) }
        return try kind.read(name, value)
    }
}
