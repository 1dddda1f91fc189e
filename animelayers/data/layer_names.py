"""What artists call their layers, in Japanese, English and Chinese: the presets of `mapping`.

Data only. Names are written as `mapping.normalised` leaves them: lower case, words divided by one space; `|` divides
the names of a line. Sides, numbers and "copy" are no part of a name. The names of `parts.py` come on top of these.
"""

from __future__ import annotations

SLOT_NAMES = {
    "line": (
        "線|線画|主線|ライン|線画ライン|ラインアート|アウトライン|輪郭線|ペン入れ|ペン|清書|色トレス|線色",
        "line|lines|lineart|line art|linework|line work|ink|inks|inking|inked|outline|outlines|contour|contours|stroke",
        "线|线稿|线条|主线|勾线|描线|描边|轮廓线|線稿|線條|勾線|描線|輪廓線",
    ),
    "flat": (
        "下塗り|下塗|したぬり|ベース|ベースカラー|ベタ|ベタ塗り|塗り|塗|着色|彩色|色|色分け|塗り分け|塗分け|カラー|フラット|固有色",
        "flat|flats|flat color|flat colour|flat colors|flat colours|base|bases|base color|base colour|base colors",
        "color|base colours|basecolor|colour|colors|colours|coloring|colouring|paint|painting|fill|fills|local color",
        "底色|平涂|铺色|上色|固有色|底塗|平塗|鋪色|涂色|大色块",
    ),
    "shadow": (
        "影|陰|陰影|かげ|カゲ|シャドウ|シャドー|シェード|落ち影|落影|影色|一影|二影|三影|暗部|乗算|オクルージョン",
        "shadow|shadows|shade|shades|shading|cast shadow|cast shadows|drop shadow|form shadow|multiply|dark|darks",
        "occlusion|ambient occlusion|ao|阴影|阴|影子|暗面|暗部|投影|明暗|陰面|正片叠底|色彩增值",
    ),
    "highlight": (
        "ハイライト|光|光沢|つや|ツヤ|艶|照り|照り返し|反射|反射光|環境光|リムライト|逆光|グロー|発光|加算|加算発光|スクリーン",
        "覆い焼き|覆い焼き発光|ライト|明部|天使の輪",
        "highlight|highlights|hilight|hilights|hl|light|lights|lighting|glow|shine|specular|gloss|rim light|rimlight",
        "rim|reflection|reflected light|bounce light|screen|add|dodge|linear dodge|color dodge",
        "高光|亮面|亮部|光效|反光|滤色|光泽|发光|线性减淡|濾色|發光",
    ),
}
"""Rendering layer → its names."""

PART_NAMES = {
    "front hair": (
        "前髪|まえがみ|髪前|横髪|サイド髪|もみあげ|アホ毛|触角|ぱっつん|前发|刘海|瀏海|前髮|侧发|鬓发|鬢髮",
        "front hair|hair front|hairfront|fronthair|hairf|bangs|bang|fringe|side hair|hair side|sidelocks|ahoge",
    ),
    "back hair": (
        "後ろ髪|後髪|うしろ髪|うしろがみ|髪後ろ|髪後|ツインテール|ポニーテール|おさげ|三つ編み|后发|後发|後髮|后髮|马尾|双马尾",
        "back hair|hair back|hairback|backhair|hairb|rear hair|ponytail|twintail|twintails|twin tails|pigtails|braids",
    ),
    "headwear": (
        "頭飾り|髪飾り|帽子|カチューシャ|ヘッドドレス|ヘアピン|ヘアバンド|ティアラ|王冠|头饰|发饰|發飾|頭飾|发卡",
        "headwear|hat|cap|hair ornament|hair accessory|hairpin|hair pin|hairband|hairclip|headband|headdress|tiara",
    ),
    "face": (
        "顔|かお|輪郭|頬|ほほ|ほっぺ|チーク|頬紅|脸|臉|脸部|臉部|面部|脸颊|腮红|腮紅",
        "face|cheek|cheeks|blush|jaw|chin",
    ),
    "irides": (
        "瞳|ひとみ|黒目|くろめ|目玉|眼球|虹彩|瞳孔|眼珠|眼瞳",
        "irides|iris|irises|pupil|pupils|eyeball|eyeballs|eye ball|eye iris",
    ),
    "eyebrow": ("眉|眉毛|まゆ|まゆ毛|まゆげ|マユ", "eyebrow|eyebrows|eye brow|brow|brows"),
    "eyewhite": ("白目|しろめ|しろ目|眼白|白眼", "eyewhite|eyewhites|eye white|eye whites|sclera|eyebg"),
    "eyelash": (
        "まつ毛|まつげ|マツゲ|睫毛|睫|上まつ毛|下まつ毛|上まつげ|下まつげ|二重|二重線|まぶた|瞼|アイライン|眼线|双眼皮",
        "eyelash|eyelashes|eye lash|lash|lashes|eyelid|eyelids|eyeliner",
    ),
    "eyewear": ("めがね|メガネ|眼鏡|サングラス|ゴーグル|眼帯|眼镜|墨镜", "eyewear|glasses|sunglasses|goggles|eyepatch"),
    "ears": ("耳|みみ|ケモ耳|獣耳|猫耳|耳朵|兽耳", "ear|ears|animal ears|cat ears"),
    "earwear": (
        "耳飾り|イヤリング|ピアス|ヘッドホン|ヘッドフォン|耳环|耳環|耳饰|耳机",
        "earwear|earring|earrings|headphones",
    ),
    "nose": ("鼻|はな|鼻子", "nose"),
    "mouth": (
        "口|くち|唇|くちびる|口内|口中|歯|上歯|下歯|舌|上唇|下唇|嘴|嘴巴|嘴唇|牙|牙齿|舌头",
        "mouth|lip|lips|teeth|tooth|tongue",
    ),
    "neck": ("首|くび|脖子|颈|頸|颈部", "neck"),
    "neckwear": (
        "首飾り|首輪|チョーカー|ネックレス|ネクタイ|マフラー|スカーフ|项链|項鍊|围巾|圍巾|领带|領帶",
        "neckwear|necklace|choker|tie|necktie|scarf|bowtie",
    ),
    "topwear": (
        "胴体|胴|上半身|服|衣服|衣装|上着|トップス|シャツ|ブラウス|ジャケット|コート|セーター|制服|ワンピース|ドレス",
        "上衣|外套|衬衫|襯衫|连衣裙|洋裝|躯干",
        "topwear|torso|upper body|clothes|clothing|tops|shirt|blouse|jacket|coat|sweater|hoodie|dress|outfit|chest",
    ),
    "handwear": (
        "腕|うで|手|上腕|前腕|二の腕|袖|そで|手袋|グローブ|指|手臂|手腕|胳膊|袖子|手套",
        "handwear|arm|arms|hand|hands|forearm|sleeve|sleeves|glove|gloves|finger|fingers",
    ),
    "bottomwear": (
        "下半身|スカート|ズボン|パンツ|ボトムス|裙子|裙|裤子|褲子|短裤|下装|下裝",
        "bottomwear|bottoms|skirt|pants|trousers|shorts|lower body|jeans",
    ),
    "legwear": (
        "脚|足|あし|太もも|ふともも|すね|膝|靴下|ソックス|タイツ|ストッキング|ニーソ|腿|大腿|小腿|袜子|襪子|丝袜",
        "legwear|leg|legs|thigh|thighs|shin|knee|sock|socks|stocking|stockings|tights|thighhighs",
    ),
    "footwear": (
        "靴|くつ|シューズ|ブーツ|足先|鞋|鞋子|靴子",
        "footwear|foot|feet|shoe|shoes|boot|boots|sandal|sandals|heels",
    ),
    "tail": ("尻尾|しっぽ|シッポ|尾|尾巴", "tail|tails"),
    "wings": ("羽|羽根|翼|はね|つばさ|翅膀", "wing|wings"),
    "objects": (
        "小物|武器|持ち物|道具|剣|杖|傘|鞄|バッグ",
        "object|objects|prop|props|weapon|weapons|item|items|sword|staff|bag",
    ),
}
"""Part tag → its names, without sides."""

BOTH_NAMES = {
    ("irides", "highlight"): ("目ハイライト|目のハイライト|目の光|眼睛高光|眼高光", "eye highlight|eye highlights")
}
"""Part tag and rendering layer → names that say both, though neither word in them names the part."""

IGNORED_NAMES = (
    "ラフ|下書き|下描き|下絵|アタリ|構図|資料|参考|メモ|用紙|背景|背景色|サイン|署名|ロゴ|カラーパレット|パレット|ガイド",
    "rough|roughs|sketch|sketches|draft|guide|guides|reference|references|ref|refs|memo|note|notes|paper|background|bg",
    "backdrop|signature|watermark|logo|palette|swatches|source|canvas",
    "草稿|草图|草圖|参考图|參考|纸张|紙張|签名|簽名|水印|浮水印|备注|色板",
)
"""What is no part of a picture on transparent ground."""

REGION_NAMES = {
    "front hair|back hair|headwear": ("髪|毛|头发|頭髮|髮|发", "hair"),
    "irides|eyewhite|eyelash|eyebrow|eyewear": ("目|眼|眼睛", "eye|eyes"),
}
"""Part tags → names that any of them may go by: too wide for one of them, and no other part."""

NEUTRAL_NAMES = (
    "の|頭|頭部|体|身体|全身|全体|左右|肌|人物|キャラ|キャラクター|レイヤー|レイヤ|フォルダー|フォルダ|グループ",
    "セット|パーツ|新規|新規レイヤー|統合|結合|結合済み|通常|クリッピング|その他|他|用|前|後ろ|後|奥|手前|上|下|内|外",
    "head|body|skin|character|chara|layer|layers|folder|group|set|part|parts|new|merged|normal|clip|both",
    "clipping|clipped|all|main|other|of|the|and|on|st|nd|rd|th|upper|lower|inner|outer|front|back|soft|hard",
    "头|头部|身子|皮肤|皮膚|角色|图层|圖層|组|組|新建|合并|的|和",
)
"""Words that name neither a part nor a rendering layer; those beside them still count."""

SIDE_NAMES = {"l": ("l|left|左|ひだり",), "r": ("r|right|右|みぎ",)}
"""The character's side → its names."""

COPY_NAMES = ("copy|duplicate|のコピー|コピー|复制|拷贝|副本|複製|拷貝",)
"""What programs add to the name of a duplicate."""
