from typing_extensions import Buffer

def forward(
    source: Buffer, stride: int, x: int, y: int, width: int, height: int, planes: Buffer, offset: int
) -> None: ...
def inverse(
    planes: Buffer, offset: int, target: Buffer, stride: int, x: int, y: int, width: int, height: int
) -> None: ...
