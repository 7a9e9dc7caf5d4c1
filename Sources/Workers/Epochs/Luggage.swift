import Foundation
import Runs
import Systems

/// What a worker that goes over to another epoch takes with it: copies of states, each between two steps.
package final class Luggage {
    /// Of its own stages.
    let own: [StateSnapshot]
    /// Of the stages of the workers that it mirrored, by their rank.
    let mirrored: [Int: [StateSnapshot]]

    /// Of a worker that is new.
    package convenience init() { self.init(own: [], mirrored: [:]) }

    init(own: [StateSnapshot], mirrored: [Int: [StateSnapshot]]) {
        self.own = own
        self.mirrored = mirrored
    }

    var isEmpty: Bool { (own + mirrored.values.joined()).allSatisfy { $0.state == nil } }

    /// What there is, for the coordinator.
    func report() throws -> KeptStates {
        var states = KeptStates()
        for copy in own { if let state = copy.state { states.own[state.step] = try state.encoded() } }
        for copy in mirrored.values.joined() { if let state = copy.state { states.mirrored.insert(state.step) } }
        return states
    }

    /// A tensor as it was behind a step; nil where it is not here.
    func bytes(of name: String, behind step: Int) -> UnsafeMutableRawBufferPointer? {
        let copies = (own + mirrored.values.joined()).lazy.filter { $0.state?.step == step }
        return copies.compactMap { $0.bytes(of: name) }.first
    }
}

extension StepState {
    /// The same bytes from every rank.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(self))
    }

    /// - Throws: a bug of ours: another worker's state that is none.
    init(encoded bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(bytes))
        guard isPossible else { throw RunFailure(.bug, "a state that no run can have left: \(self)") }
    }
}
