/// What a worker that came over from another epoch brings with it: states between two steps, by the steps that were done.
package struct KeptStates: Equatable, Sendable {
    /// Its own of that epoch: all of a state that is no tensor, as JSON.
    package var own: [Int: [UInt8]]
    /// Those of the worker that it mirrored.
    package var mirrored: Set<Int>

    package init(own: [Int: [UInt8]] = [:], mirrored: Set<Int> = []) {
        self.own = own
        self.mirrored = mirrored
    }

    init(_ bytes: inout ByteReader) throws(MessageError) {
        (own, mirrored) = ([:], [])
        for _ in 0..<(try bytes.count(atMost: Self.limit)) { own[try bytes.count()] = try bytes.block() }
        for _ in 0..<(try bytes.count(atMost: Self.limit)) { mirrored.insert(try bytes.count()) }
    }

    func encode(into bytes: inout ByteWriter) {
        bytes.put(own.count)
        for (step, state) in own.sorted(by: { $0.key < $1.key }) {
            bytes.put(step)
            bytes.put(block: state)
        }
        bytes.put(mirrored.count)
        for step in mirrored.sorted() { bytes.put(step) }
    }

    /// States of one worker: those of a few steps.
    private static let limit = 16
}

/// What the steps of an epoch begin with.
package enum StateOrigin: Equatable, Sendable {
    /// The run's first weights.
    case first
    /// A checkpoint: its folder.
    case checkpoint(folder: String)
    /// What the workers brought with them.
    case kept(KeptStart)
}

/// How workers begin with the states that they brought.
package struct KeptStart: Equatable, Sendable {
    /// Tensors that one worker has and another needs.
    package struct Transfer: Equatable, Sendable {
        package var from: Int
        package var to: Int
        package var tensors: [String]

        package init(from: Int, to: Int, tensors: [String]) {
            self.from = from
            self.to = to
            self.tensors = tensors
        }
    }

    /// All of the state that is no tensor, as JSON: every worker's.
    package var state: [UInt8]
    /// In the order of their messages.
    package var transfers: [Transfer]
    /// Whether an evaluation is due before the first step, that the last epoch did not finish.
    package var evaluates: Bool

    package init(state: [UInt8], transfers: [Transfer], evaluates: Bool) {
        self.state = state
        self.transfers = transfers
        self.evaluates = evaluates
    }
}

extension StateOrigin {
    init(_ bytes: inout ByteReader) throws(MessageError) {
        switch try bytes.byte() {
        case 0: self = .first
        case 1: self = .checkpoint(folder: try bytes.text())
        case 2:
            var start = KeptStart(state: try bytes.block(), transfers: [], evaluates: try bytes.byte() == 1)
            for _ in 0..<(try bytes.count(atMost: bytes.remaining)) {
                var transfer = KeptStart.Transfer(from: try bytes.count(), to: try bytes.count(), tensors: [])
                for _ in 0..<(try bytes.count(atMost: bytes.remaining)) { transfer.tensors.append(try bytes.text()) }
                start.transfers.append(transfer)
            }
            self = .kept(start)
        case let kind: throw MessageError(description: "a state of unknown origin \(kind)")
        }
    }

    func encode(into bytes: inout ByteWriter) {
        switch self {
        case .first: bytes.put(UInt8(0))
        case .checkpoint(let folder):
            bytes.put(UInt8(1))
            bytes.put(block: Array(folder.utf8))
        case .kept(let start):
            bytes.put(UInt8(2))
            bytes.put(block: start.state)
            bytes.put(UInt8(start.evaluates ? 1 : 0))
            bytes.put(start.transfers.count)
            for transfer in start.transfers {
                bytes.put(transfer.from)
                bytes.put(transfer.to)
                bytes.put(transfer.tensors.count)
                for name in transfer.tensors { bytes.put(block: Array(name.utf8)) }
            }
        }
    }
}
