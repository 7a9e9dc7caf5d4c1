public import Tensors

/// How one stage computes a micro-batch: which node runs when, and where every tensor lies.
///
/// Memory is of three kinds. A *frame* belongs to a micro-batch from its forward to its last backward half; there are as
/// many as micro-batches in flight. What is *deferred* belongs to a micro-batch between its two backward halves, where a
/// schedule runs them apart; there are as many as micro-batches between both at once. The *transient* arena is shared by
/// all passes, since one thread runs them one by one.
///
/// With recomputation the frame keeps only what crosses a segment's border: what lies inside is recomputed, into the
/// arena, right before the segment's backward.
public struct StageProgram: Sendable {
    /// Bytes of one frame: what a micro-batch in flight takes.
    public internal(set) var frameBytes = 0
    /// Bytes of what one micro-batch keeps between its two backward halves, beside its frame.
    public internal(set) var deferredBytes = 0
    /// Bytes of the arena that all passes share.
    public internal(set) var transientBytes = 0
    /// By node, counted from the stage's first.
    public internal(set) var nodes: [NodePlaces] = []
    /// The steps of the backward pass, in order.
    public internal(set) var backward: [BackwardStep] = []
    /// Where values that come in, go out, or start the model lie; by root value.
    public internal(set) var values: [Int: Place] = [:]
    /// Where a contribution to a gradient is received (exports).
    public internal(set) var received: [PipelineLayout.Contribution: Place] = [:]
    /// Where a contribution to a gradient is sent from (imports).
    public internal(set) var sent: [PipelineLayout.Contribution: Place] = [:]
    /// Where the loss's tensors lie; nil but on the last stage.
    public internal(set) var loss: LossPlaces?
    /// What a shard sums with the others; nothing where the model is whole.
    public internal(set) var sums = ShardSums()

    /// Where a tensor lies.
    public struct Place: Sendable, Hashable {
        /// Memory of one of the three kinds that `StageProgram` describes.
        public enum Region: Sendable, Hashable {
            /// One micro-batch's, from its forward to its last backward half.
            case frame
            /// One micro-batch's, between its two backward halves.
            case deferred
            /// Shared by all passes: its contents do not outlive one.
            case transient
        }
        /// Which memory it lies in.
        public var region: Region
        /// Bytes from the beginning of that memory.
        public var offset: Int
        /// Shape and element type.
        public var spec: TensorSpec

        func viewed(as spec: TensorSpec) -> Place { Place(region: region, offset: offset, spec: spec) }
    }

    /// What a node's forward reads and writes.
    public struct ForwardPlaces: Sendable {
        /// By the node's inputs.
        public var inputs: [Place] = []
        /// By the node's outputs.
        public var outputs: [Place] = []
        /// By `LayerPlan.saved`.
        public var saved: [Place] = []
        /// What the pass may overwrite; nil where it needs none.
        public var scratch: Place?
    }

    /// The tensors of one node's `LayerFrame`.
    public struct NodePlaces: Sendable {
        /// Where the forward pass reads and writes.
        public var forward = ForwardPlaces()
        /// What the backward halves read; with recomputation, also where the recomputed forward writes.
        public var recomputed = ForwardPlaces()
        /// By `LayerPlan.deferred`.
        public var deferred: [Place] = []
        /// By the node's outputs.
        public var outputGradients: [Place] = []
        /// By the node's inputs; nil where nobody needs that gradient.
        public var inputGradients: [Place?] = []
        /// What both backward halves may overwrite; nil where they need none.
        public var backwardScratch: Place?
        /// False where nothing that can be trained lies at or before it: it has no backward passes.
        public var trains = true
    }

    /// One entry of the backward pass, in order.
    public enum BackwardStep: Sendable {
        /// A node's forward, to recompute its activations.
        case recompute(Int)
        /// Both halves of a node's backward, or one of them.
        case node(Int)
        /// sum += part, the next consumer's gradient of the same value.
        case add(Place, into: Place)
        /// Nobody used this output.
        case zero(Place)
    }

    /// On the last stage.
    public struct LossPlaces: Sendable {
        /// Where the last layer's output lies.
        public var prediction: Place
        /// Where the prediction becomes its gradient: the prediction's own place where nothing else needs that.
        public var gradient: Place
        /// A `TargetsMessage`, as it arrives.
        public var message: Place
        /// Where the head can leave out rows whose targets do not count.
        public var head: HeadPlaces?
        /// f32[shards × rows × 3]: where shards that have some channels of the prediction each put their parts of every
        /// row's loss together.
        public var parts: Place?
    }

    /// The last node, where it can compute some of its rows alone, and what it does that in.
    public struct HeadPlaces: Sendable {
        /// Counted from the stage's first.
        public var node: Int
        /// i32[rows]: which rows it computes; as long as the micro-batch is in flight.
        public var rows: Place
        /// i32[rows × 1]: their targets, one behind the other.
        public var targets: Place
        /// f32[rows × 1]: their losses.
        public var losses: Place
        /// As the node's input: the rows that are computed, in the forward.
        public var input: Place
        /// The same in the backward halves, then those rows' gradients.
        public var backward: Place?
    }
}
