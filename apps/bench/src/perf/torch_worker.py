"""The rows of the speed bench in PyTorch, with the same shapes: reads `run N` from standard input, answers in JSON lines."""
import json
import math
import pathlib
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def uniform(shape, low=0.0, high=1.0):
    i = torch.arange(1, math.prod(shape) + 1, dtype=torch.float64)
    return (low + (high - low) * ((i * 0.6180339887498949) % 1)).float().reshape(shape)


def tokens(batch, length, vocabulary):
    i = torch.arange(batch * length)
    return ((i * 37 + i // 7) % vocabulary).reshape(batch, length)


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(_, x):
        return x.view_as(x)

    @staticmethod
    def backward(_, gradient):
        return -0.5 * gradient


def one_player(parameters, loss, rate=1e-3):
    optimizer = torch.optim.Adam(list(parameters), rate)

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def channels_last(*modules):
    return [module.to(memory_format=torch.channels_last) for module in modules]


def dann(batch):
    features = nn.Sequential(
        nn.Conv2d(3, 64, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 50, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    )
    label = nn.Sequential(nn.Linear(800, 100), nn.ReLU(), nn.Linear(100, 10))
    domain = nn.Sequential(nn.Linear(800, 100), nn.ReLU(), nn.Linear(100, 2))
    channels_last(features)
    x = uniform([2 * batch, 3, 28, 28]).contiguous(memory_format=torch.channels_last)
    classes = torch.arange(batch) % 10
    domains = (torch.arange(2 * batch) >= batch).long()

    def loss():
        shared = features(x)
        return F.cross_entropy(label(shared[:batch]), classes) + F.cross_entropy(domain(Reverse.apply(shared)), domains)

    return one_player(nn.ModuleList([features, label, domain]).parameters(), loss)


def dcgan(batch):
    widths = [256, 128, 64, 32]
    layers = [nn.Linear(100, 4096), nn.Unflatten(1, (256, 4, 4))]
    for i, width in enumerate(widths):
        last = i == 3
        out = 3 if last else widths[i + 1]
        layers += [nn.BatchNorm2d(width), nn.ReLU(), nn.ConvTranspose2d(width, out, 4, 2, 1, bias=last)]
    generator = nn.Sequential(*layers, nn.Tanh())
    layers = []
    for i, (before, after) in enumerate([(3, 32), (32, 64), (64, 128), (128, 256)]):
        layers.append(nn.Conv2d(before, after, 4, 2, 1, bias=i == 0))
        if i > 0:
            layers.append(nn.BatchNorm2d(after))
        layers.append(nn.LeakyReLU(0.2))
    discriminator = nn.Sequential(*layers, nn.Flatten(), nn.Linear(4096, 1))
    channels_last(generator, discriminator)
    real = uniform([batch, 3, 64, 64], -1, 1).contiguous(memory_format=torch.channels_last)
    noise, other = uniform([batch, 100], -1.7, 1.7), uniform([batch, 100], 1.7, -1.7)
    adam = lambda net: torch.optim.Adam(net.parameters(), 2e-4, betas=(0.5, 0.999))
    optimizers = adam(discriminator), adam(generator)
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    bce = F.binary_cross_entropy_with_logits

    def step():
        optimizers[0].zero_grad()
        with torch.no_grad():
            fake = generator(noise)
        first = bce(discriminator(real), ones) + bce(discriminator(fake), zeros)
        first.backward()
        optimizers[0].step()
        optimizers[1].zero_grad()
        second = bce(discriminator(generator(other)), ones)
        second.backward(inputs=list(generator.parameters()))
        optimizers[1].step()
        return first.item() + second.item()

    return step


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after))
        self.second = nn.Sequential(nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after))
        changes = stride != 1 or before != after
        self.skip = (
            nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
            if changes
            else nn.Identity()
        )

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.skip(x))


def resnet18():
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    before = 64
    for after, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(before, after, stride), Block(after, after, 1)]
        before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Transformer(nn.Module):
    """Post-norm encoder layers written out: faster here than nn.TransformerEncoderLayer."""

    def __init__(self, vocabulary=100, width=128, heads=4, hidden=512, depth=2, activation=F.relu):
        super().__init__()
        self.heads = heads
        self.activation = activation
        self.embedding = nn.Embedding(vocabulary, width) if vocabulary else None
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                dict(
                    project=nn.Linear(width, 3 * width),
                    merge=nn.Linear(width, width),
                    expand=nn.Linear(width, hidden),
                    contract=nn.Linear(hidden, width),
                    norm1=nn.LayerNorm(width),
                    norm2=nn.LayerNorm(width),
                )
            )
            for _ in range(depth)
        )

    def forward(self, ids):
        return self.encode(self.embedding(ids))

    def encode(self, x):
        batch, length, width = x.shape
        depth = width // self.heads
        for block in self.blocks:
            q, k, v = block["project"](x).view(batch, length, 3, self.heads, depth).permute(2, 0, 3, 1, 4)
            weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(depth), -1)
            attended = (weights @ v).transpose(1, 2).reshape(batch, length, width)
            x = block["norm1"](x + block["merge"](attended))
            x = block["norm2"](x + block["contract"](self.activation(block["expand"](x))))
        return x


def transformer(batch):
    network, ids = Transformer(), tokens(batch, 32, 100)
    return one_player(network.parameters(), lambda: (network(ids).mean(1) ** 2).mean())


def clip(batch):
    vision, language = resnet18(), Transformer()
    channels_last(vision)
    projections = nn.ModuleList([nn.Linear(512, 128, bias=False), nn.Linear(128, 128, bias=False)])
    scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
    images = uniform([batch, 3, 64, 64]).contiguous(memory_format=torch.channels_last)
    ids, target = tokens(batch, 32, 100), torch.arange(batch)

    def loss():
        a = F.normalize(projections[0](vision(images)), dim=1)
        b = F.normalize(projections[1](language(ids).mean(1)), dim=1)
        logits = scale.exp() * a @ b.t()
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2

    parameters = [*vision.parameters(), *language.parameters(), *projections.parameters(), scale]
    return one_player(parameters, loss)


def lstm(batch):
    embedding, cell = nn.Embedding(100, 64), nn.LSTM(64, 128, batch_first=True)
    ids = tokens(batch, 32, 100)
    parameters = [*embedding.parameters(), *cell.parameters()]
    return one_player(parameters, lambda: (cell(embedding(ids))[1][0] ** 2).mean())


def vae(batch):
    trunk = nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU())
    mean, log_variance = nn.Linear(200, 50), nn.Linear(200, 50)
    decoder = nn.Sequential(nn.Linear(50, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 784))
    x = (uniform([batch, 784]) > 0.5).float()
    noise = uniform([batch, 50], -1.7, 1.7)

    def loss():
        hidden = trunk(x)
        mu, lv = mean(hidden), log_variance(hidden)
        logits = decoder(mu + torch.exp(0.5 * lv) * noise)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (reconstruction - 0.5 * (1 + lv - mu * mu - lv.exp()).sum()) / batch

    return one_player(nn.ModuleList([trunk, mean, log_variance, decoder]).parameters(), loss)


def audio(batch):
    layers = []
    for before, after in ((1, 64), (64, 128), (128, 256)):
        layers += [nn.Conv1d(before, after, 3, padding=1), nn.BatchNorm1d(after), nn.ReLU(), nn.MaxPool1d(2)]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(256, 10))
    waves, classes = uniform([batch, 1, 8000], -1.7, 1.7), torch.arange(batch) % 10
    return one_player(network.parameters(), lambda: F.cross_entropy(network(waves), classes))


def mlp(batch):
    network = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 784))
    x = uniform([batch, 784])
    return one_player(network.parameters(), lambda: (network(x) ** 2).mean())


def suite(batch):
    layers, before = [], 3
    for after in (24, 48, 96):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
        before = after
    vision = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3))
    channels_last(vision)
    words, drop = nn.Embedding(2002, 64), nn.Dropout(0.2)
    projections = nn.ModuleList([nn.Linear(864, 64, bias=False), nn.Linear(64, 64, bias=False)])
    scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
    pixels = uniform([batch, 3, 24, 24]).contiguous(memory_format=torch.channels_last)
    ids, mask, target = tokens(batch, 24, 2000), torch.ones(batch, 24, 1), torch.arange(batch)

    def loss():
        a = F.normalize(projections[0](vision(pixels)), dim=1)
        bag = (drop(words(ids)) * mask).sum(1) / mask.sum(1)
        b = F.normalize(projections[1](bag), dim=1)
        logits = scale.clamp(max=math.log(100)).exp() * a @ b.t()
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2

    optimizer = torch.optim.AdamW(
        [*vision.parameters(), *words.parameters(), *projections.parameters(), scale], 5e-3, weight_decay=0.1
    )

    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def layer_of(kind, arguments, channels):
    padding = lambda index: "same" if len(arguments) > index and arguments[index] == "same" else 0
    if kind == "conv":
        return nn.Conv2d(channels, arguments[0], arguments[1], arguments[2], padding(3)), arguments[0]
    if kind == "transposed":
        return nn.ConvTranspose2d(channels, arguments[0], arguments[1], arguments[2]), arguments[0]
    if kind == "depthwise":
        return nn.Conv2d(channels, channels, arguments[0], arguments[1], padding(2), groups=channels), channels
    if kind == "dense":
        return nn.Linear(channels, arguments[0]), arguments[0]
    plain = dict(maxpool=nn.MaxPool2d, avgpool=nn.AvgPool2d, leaky=nn.LeakyReLU, relu=nn.ReLU, norm=nn.BatchNorm2d)
    return plain[kind](*dict(leaky=[0.2], norm=[channels]).get(kind, arguments)), channels


def shape(spec):
    def build(batch):
        layers, channels = [], spec["input"][-1]
        for kind, *arguments in spec["layers"]:
            layer, channels = layer_of(kind, arguments, channels)
            layers.append(layer)
        network = nn.Sequential(*layers)
        x = uniform([batch, *spec["input"]])
        if x.ndim == 4:
            channels_last(network)
            x = x.permute(0, 3, 1, 2)
        x.requires_grad_()
        return one_player([x, *network.parameters()], lambda: (network(x) ** 2).mean())

    return build


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        pair = lambda a, b, kernel, step: nn.Sequential(
            nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False), nn.BatchNorm2d(b)
        )
        self.parts = nn.ModuleList([pair(before, width, 1, 1), pair(width, width, 3, stride), pair(width, 4 * width, 1, 1)])
        changes = stride != 1 or before != 4 * width
        self.skip = pair(before, 4 * width, 1, stride) if changes else nn.Identity()

    def forward(self, x):
        y = F.relu(self.parts[1](F.relu(self.parts[0](x))))
        return F.relu(self.parts[2](y) + self.skip(x))


def resnet50(batch):
    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    before = 64
    for stage, (width, blocks) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
        for i in range(blocks):
            layers.append(Bottleneck(before, width, 2 if i == 0 and stage > 0 else 1))
            before = 4 * width
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    channels_last(network)
    x = uniform([batch, 3, 224, 224]).contiguous(memory_format=torch.channels_last)
    return network, lambda: network(x)


def vit(batch):
    patches = nn.Conv2d(3, 768, 16, 16)
    transformer = Transformer(None, 768, 12, 3072, 12, F.gelu)
    x = uniform([batch, 3, 224, 224])
    network = nn.ModuleList([patches, transformer])
    return network, lambda: transformer.encode(patches(x).flatten(2).transpose(1, 2)).mean(1)


def text(vocabulary, length, *sizes):
    def build(batch):
        network, ids = Transformer(vocabulary, *sizes, F.gelu), tokens(batch, length, vocabulary)
        return network, lambda: network(ids).mean(1)

    return build


def recurrent(kind):
    def build(batch):
        network = nn.ModuleList([nn.Embedding(100, 256), kind(256, 256, batch_first=True)])
        ids = tokens(batch, 64, 100)

        def forward():
            last = network[1](network[0](ids))[1]
            return last[0] if isinstance(last, tuple) else last

        return network, forward

    return build


def trained(build):
    def row(batch):
        network, forward = build(batch)
        return one_player(network.parameters(), lambda: (forward() ** 2).mean())

    return row


def evaluated(build):
    def row(batch):
        network, forward = build(batch)
        network.eval()

        def step():
            with torch.inference_mode():
                return forward().mean().item()

        return step

    return row


LARGE = dict(
    resnet50=resnet50,
    vit=vit,
    minilm=text(30_000, 64, 384, 12, 1536, 6),
    bert=text(30_522, 128, 768, 12, 3072, 12),
    lstm256=recurrent(nn.LSTM),
    gru256=recurrent(nn.GRU),
)

def loaded(load):
    """A model from the folder of the command line, and what it cost to read it."""
    held = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
    started = time.perf_counter()
    model = load(sys.argv[4])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    weights = (pathlib.Path(sys.argv[4]) / "model.safetensors").stat().st_size
    LOADING.update(seconds=seconds, peakMb=(peak - held) / 2**20, weightsMb=weights / 2**20)
    return model


LOADING = {}


def pretrained(kind, way):
    def build(batch):
        import transformers

        transformers.logging.set_verbosity_error()
        if kind == "bert":
            network = loaded(transformers.BertModel.from_pretrained)
            mask = (torch.arange(128)[None] < 128 - 8 * torch.arange(batch)[:, None]).long()
            inputs = dict(input_ids=tokens(batch, 128, 30_522), attention_mask=mask)
        else:
            network = loaded(transformers.ViTModel.from_pretrained)
            inputs = dict(pixel_values=uniform([batch, 3, 224, 224], -1, 1))
        if way == "inference":
            return network, lambda: network(**inputs).pooler_output
        network.train()
        if way == "lora":
            import peft

            # transformers 5 calls ViT's projections otherwise in memory than in the file.
            targets = ["query", "value", "q_proj", "v_proj"]
            network = peft.get_peft_model(network, peft.LoraConfig(r=8, target_modules=targets))
        optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-5)

        def step():
            optimizer.zero_grad()
            value = (network(**inputs).pooler_output ** 2).mean()
            value.backward()
            optimizer.step()
            return value.item()

        return step

    return evaluated(build) if way == "inference" else build


ROWS = dict(a=dann, b=dcgan, c=clip, d=transformer, e=lstm, f=vae, g=audio, h=mlp, m=suite)
ROWS.update((name, trained(build)) for name, build in LARGE.items())
ROWS.update((f"{name}-inference", evaluated(build)) for name, build in LARGE.items())
ROWS.update(
    (f"{kind}-base-{way}", pretrained(kind, way)) for kind in ("bert", "vit") for way in ("inference", "full", "lora")
)


with open(pathlib.Path(__file__).with_name("rows") / "shapes.json") as file:
    ROWS.update((spec["id"], shape(spec)) for spec in json.load(file))


def matmul_peak():
    a, best = torch.ones(1024, 1024), math.inf
    for _ in range(12):
        started = time.perf_counter()
        (a @ a).sum().item()
        best = min(best, time.perf_counter() - started)
    return 2 * 1024**3 / best / 1e9


def say(message):
    print(json.dumps(message), flush=True)


def main():
    row, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    step = ROWS[row](batch)
    started = time.perf_counter()
    step()
    first = (time.perf_counter() - started) * 1e3
    for _ in range(4):
        step()
    say(dict(ready=True, device=f"PyTorch {torch.__version__}, {threads} threads", firstMs=first, **(dict(loading=LOADING) if LOADING else {})))
    for line in sys.stdin:
        command, _, count = line.strip().partition(" ")
        if command == "run":
            times, loss = [], math.nan
            for _ in range(int(count)):
                before = time.perf_counter()
                loss = step()
                times.append((time.perf_counter() - before) * 1e3)
            say(dict(ms=times, loss=loss))
        elif command == "memory":
            say(dict(peakMb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
        elif command == "peak":
            say(dict(gflops=matmul_peak()))
        else:
            break


main()
