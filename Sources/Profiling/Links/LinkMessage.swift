import Foundation

/// What processes that measure links, and the command that started them, say to each other.
enum LinkMessage: Codable {
    /// To two of them: now these. The first leads.
    case measure(first: Int, second: Int)
    /// From either; the first has a result.
    case measured(LinkRun.Speed?)
    /// All pairs are done.
    case end

    init(_ bytes: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(bytes)) }

    func encoded() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(self)) }
}
