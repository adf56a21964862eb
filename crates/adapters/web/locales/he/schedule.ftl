# העסק: שעות, צוות וחדרים, שירותים.
settings-save = שמירת השינויים
settings-saved = נשמר
settings-changed = הנתונים השתנו בינתיים, ודבר לא נשמר
settings-changed-lead = מה שהקלדתם עדיין כאן. אם תשמרו שוב, הוא יחליף את השינוי האחר.
settings-changed-reload = הצגת מה ששמור עכשיו
settings-retired = לא בשימוש
settings-retire = הוצאה משימוש
settings-retire-lead = כל עוד זה לא בשימוש, אי אפשר לקבוע תורים חדשים. מה שכבר נקבע נשאר.
settings-return = החזרה לשימוש

business-rules = קביעת תורים
business-rules-lead = בלי זמן התראה אפשר לקבוע גם תור בזמן שכבר עבר. בלי מספר ימים אין הגבלה.
business-notice = זמן התראה מינימלי בדקות
business-horizon = כמה ימים קדימה אפשר לקבוע
business-step = דקות בין מועדי ההתחלה
business-zone-needed = בלי אזור זמן אי אפשר לחשב את זמן ההתראה ואת הימים קדימה.

hours-title = שעות פתיחה
hours-lead = לקוחות יכולים לקבוע תור רק בשעות האלה. אפשר לקבוע שעות אחרות לכל איש צוות או חדר.
hours-always = ללא שעות קבועות: אפשר לקבוע תור ביום ובלילה
hours-some = רק בשעות האלה
hours-as-business = כמו בעסק
hours-own = שעות נפרדות
hours-open = פתוח
hours-closed = סגור כל היום
hours-opens = פתיחה
hours-closes = סגירה
hours-break = הפסקה
hours-opens-again = פתיחה אחרי ההפסקה
hours-closes-again = סגירה אחרי ההפסקה
hours-overnight = הסגירה ביום שלמחרת
hours-hint = שעת סגירה שקודמת לשעת הפתיחה היא ביום שלמחרת. אם אף יום לא פתוח, אי אפשר לקבוע תורים.
hours-hidden = בשעות השבועיות יש כללים שאי אפשר להציג כאן, למשל עונות או יותר משני חלונות ביום. הם נשארים כמו שהם, ואפשר לשנות אותם דרך ה־API.
hours-overlap = השעות האלה חופפות לשעות האחרות של אותו יום.

special-title = ימים מיוחדים
special-lead = חגים, חופשות וימים עם שעות אחרות.
special-none = אין ימים מיוחדים בקרוב.
special-past = ימים שעברו
special-remove = הסרה
special-some = פתוח בשעות אחרות
special-add = הוספת יום מיוחד
special-do = הוספת היום
special-twice = התאריך הזה כבר ברשימה. הסירו אותו משם קודם.

resources-lead = אנשי הצוות, החדרים והציוד שנדרשים לתור. כל אחד מהם פנוי לתור אחד בכל פעם.
resources-none = הרשימה עדיין ריקה. הוסיפו אנשי צוות, או חדרים וציוד שאי אפשר לחלוק. כל עוד הרשימה ריקה, העסק מקבל תור אחד בכל פעם.
resource-new = הוספת איש צוות או חדר
resource-new-do = הוספה
resource-kind = סוג
resource-hours-lead = שעות נפרדות באות במקום שעות העסק.
resource-hours-save = שמירת השעות
resource-booked = { $count ->
    [one] ההוצאה משימוש לא בוצעה: יש תור אחד בעתיד.
    [two] ההוצאה משימוש לא בוצעה: יש שני תורים בעתיד.
   *[other] ההוצאה משימוש לא בוצעה: יש { $count } תורים בעתיד.
}
resource-booked-lead = אפשר קודם להזיז או לבטל את מה שנקבע. אם תוציאו משימוש בכל זאת, התורים יישארו כמו שהם.
resource-retire-booked = להוציא משימוש בכל זאת
kind-staff = צוות
kind-room = חדר
kind-equipment = ציוד

services-lead = מה אפשר להזמין, כמה זמן זה נמשך וכמה זה עולה.
services-none = עדיין אין שירותים. הוסיפו את הראשון, למשל: תספורת, 45 דקות.
service-new = שירות חדש
service-new-do = הוספת השירות
service-kind = סוג
service-length = משך
service-minutes = { $count ->
    [one] דקה
    [two] שתי דקות
   *[other] { $count } דקות
}
service-duration = משך בדקות
service-price = מחיר
service-price-of = { $amount } { $currency }
service-currency = קוד המטבע
service-currency-alone = כדי לציין מטבע יש למלא גם מחיר.
service-around = זמני הכנה
service-around-lead = הזמן שלפני ואחרי התור נשאר פנוי, למשל להכנה או לניקיון. אם השדה האחרון ריק, מועדי ההתחלה הם כמו בכל העסק.
service-before = דקות פנויות לפני
service-after = דקות פנויות אחרי
service-step = דקות בין מועדי ההתחלה
service-needs = מי ומה נדרשים
service-needs-lead = לכל תור נבחר אחד פנוי מכל קבוצה שסימנתם בה משהו. אם לא תסמנו דבר, התור ייכנס ליומן של העסק עצמו.
service-needs-one = אחד מאלה ({ $kind })
service-needs-none = עדיין אין צוות או חדרים לבחירה.
service-needs-hidden = לשירות הזה נדרש צירוף שאי אפשר להציג כאן. הוא נשאר כמו שהוא, ואפשר לשנות אותו דרך ה־API.
service-needs-retired = אחד מאלה לא בשימוש. סמנו רק את מה שבשימוש.
