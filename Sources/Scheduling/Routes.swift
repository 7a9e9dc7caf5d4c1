/// Which messages an instruction needs and makes, and in which order each link carries them.
struct Routes {
    private(set) var links: [Link] = []
    private let microBatches: Int
    /// What each stage's forward, and its backward, receives and sends: in the order of the edges.
    private var forwardNeeds: [[Route]]
    private var forwardMakes: [[Route]]
    private var backwardNeeds: [[Route]]
    private var backwardMakes: [[Route]]
    /// Each link's messages in the sender's order, and how many of them the receiver has taken.
    private var messages: [[Message]] = []
    private var taken: [Int] = []
    /// The sequence of each message, by route and micro-batch.
    private var sequences: [Int32]

    private var linkOfPair: [Link: Int] = [:]

    /// One edge in one direction, over one link.
    private struct Route {
        var index: Int
        var edge: Int
        var direction: Message.Direction
        var link: Int
    }

    init(edges: [Edge], rankOfStage: [Int], microBatches: Int) {
        self.microBatches = microBatches
        let none = [[Route]](repeating: [], count: rankOfStage.count)
        (forwardNeeds, forwardMakes, backwardNeeds, backwardMakes) = (none, none, none, none)
        sequences = []
        for (index, edge) in edges.enumerated() where rankOfStage[edge.from] != rankOfStage[edge.to] {
            let (from, to) = (rankOfStage[edge.from], rankOfStage[edge.to])
            let forward = addRoute(index, .forward, over: Link(from: from, to: to))
            forwardMakes[edge.from].append(forward)
            forwardNeeds[edge.to].append(forward)
            guard edge.carriesGradient else { continue }
            let backward = addRoute(index, .backward, over: Link(from: to, to: from))
            backwardMakes[edge.to].append(backward)
            backwardNeeds[edge.from].append(backward)
        }
    }

    private mutating func addRoute(_ edge: Int, _ direction: Message.Direction, over link: Link) -> Route {
        defer { sequences.append(contentsOf: repeatElement(-1, count: microBatches)) }
        return Route(index: sequences.count / microBatches, edge: edge, direction: direction, link: index(of: link))
    }

    private mutating func index(of link: Link) -> Int {
        if let known = linkOfPair[link] { return known }
        linkOfPair[link] = links.count
        links.append(link)
        messages.append([])
        taken.append(0)
        return links.count - 1
    }

    private func makes(_ instruction: Instruction) -> [Route] {
        switch instruction.pass {
        case .forward: forwardMakes[instruction.stage]
        case .backward, .backwardInput: backwardMakes[instruction.stage]
        case .backwardWeight: []
        }
    }

    private func needs(_ instruction: Instruction) -> [Route] {
        switch instruction.pass {
        case .forward: forwardNeeds[instruction.stage]
        case .backward, .backwardInput: backwardNeeds[instruction.stage]
        case .backwardWeight: []
        }
    }

    /// Numbers what a rank sends. Every rank comes before the first receive is asked for.
    mutating func addSends(of instructions: [Instruction]) {
        for instruction in instructions {
            for route in makes(instruction) {
                let sequence = messages[route.link].count
                sequences[route.index * microBatches + instruction.microBatch] = Int32(sequence)
                messages[route.link].append(
                    Message(
                        edge: route.edge, direction: route.direction, microBatch: instruction.microBatch,
                        link: route.link, sequence: sequence))
            }
        }
    }

    /// Everything the links deliver up to the last message that the instruction needs.
    mutating func forEachReceive(for instruction: Instruction, _ body: (Message) -> Void) {
        for route in needs(instruction) {
            let sequence = Int(sequences[route.index * microBatches + instruction.microBatch])
            while taken[route.link] <= sequence {
                body(messages[route.link][taken[route.link]])
                taken[route.link] += 1
            }
        }
    }

    func forEachSend(of instruction: Instruction, _ body: (Message) -> Void) {
        for route in makes(instruction) {
            let sequence = Int(sequences[route.index * microBatches + instruction.microBatch])
            body(messages[route.link][sequence])
        }
    }
}
